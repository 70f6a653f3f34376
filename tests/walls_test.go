package tests_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// walls is the backend of the fixture's walls: what is written on each, and every
// render of it. Readers report what they see, and it says what of that may not be.
type walls struct {
	server *httptest.Server

	mu    sync.Mutex
	known map[string]*wall
	// slowest is the longest that a reader has waited for an answer.
	slowest time.Duration
	// blur is how late a revalidation may be seen that expires at once: machines
	// whose clocks are wrong know the time to a second or two.
	blur time.Duration
	// wrong are complaints, with how often they were made.
	wrong map[string]int
}

// wall is one page and what is known of it. Its name is its tag, too.
type wall struct {
	// brief: it lives for a second, and else until it is revalidated.
	brief bool
	// text is what is written on it now.
	text int
	// written are the revalidations, in order.
	written []writing
	// renders are when each render read the wall, from the first on.
	renders []time.Time
	// newest is the latest render that a reader has had, shown what each render
	// has shown.
	newest int
	shown  map[int]string
}

// writing is a text and the revalidation that announced it.
type writing struct {
	text           int
	asked, granted time.Time
	// now: the old page is expired and not just stale.
	now bool
}

// refreshTime is how long a page may be shown beyond what makes it stale: the
// way through the queue, a render and the store. To it comes what readers wait for
// an answer, on a machine that is busy with all of it and a thousand of them. Six
// seconds of it are those of a lease whose holder is gone: versitygw, where one puts
// an object that another deletes, now and then says 409 ExistingObjectIsDirectory, or
// says that it has put what it has not, which leaves such leases.
const refreshTime = 11 * time.Second

func startWalls(t *testing.T, names ...string) *walls {
	w := &walls{known: make(map[string]*wall), wrong: make(map[string]int)}
	for _, name := range names {
		w.known[name] = &wall{brief: strings.HasPrefix(name, "brief"), shown: make(map[int]string)}
	}
	w.server = httptest.NewServer(w)
	t.Cleanup(w.server.Close)
	return w
}

// ServeHTTP answers what the pages ask: /render-<name> counts a render,
// /<name> is what is written there.
func (w *walls) ServeHTTP(answer http.ResponseWriter, r *http.Request) {
	name, render := strings.CutPrefix(strings.Trim(r.URL.Path, "/"), "render-")
	w.mu.Lock()
	defer w.mu.Unlock()
	wall := w.known[name]
	if wall == nil {
		http.NotFound(answer, r)
		return
	}
	count := wall.text
	if render {
		wall.renders = append(wall.renders, time.Now())
		count = len(wall.renders)
	}
	_ = json.NewEncoder(answer).Encode(map[string]any{"name": name, "count": count})
}

// write writes a new text on a wall and has announce revalidate its tag.
func (w *walls) write(name string, now bool, announce func(tag string, now bool) error) {
	w.mu.Lock()
	wall := w.known[name]
	wall.text++
	text, asked := wall.text, time.Now()
	w.mu.Unlock()
	if err := announce(name, now); err != nil {
		w.complain("revalidate %s: %v", name, err)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	wall.written = append(wall.written, writing{text, asked, time.Now(), now})
}

// least is the oldest that a reader who asks now may be shown.
type least struct {
	at           time.Time
	render, text int
}

func (w *walls) least(name string) least {
	w.mu.Lock()
	defer w.mu.Unlock()
	wall, now := w.known[name], time.Now()
	l := least{at: now, render: wall.newest}
	for _, one := range wall.written {
		if one.now && now.Sub(one.granted) >= w.blur || now.Sub(one.granted) > refreshTime+w.slowest {
			l.text = max(l.text, one.text)
		}
	}
	return l
}

// onWall is what a wall shows, in its HTML and in every payload.
var onWall = regexp.MustCompile(`((?:brief|lasting)-\w+)/(\d+)/(\d+)/([0-9a-f]{8})`)

// seen is what a reader was shown: the text, and how old it was when he asked.
type seen struct {
	text int
	age  time.Duration
}

// read takes what a reader was shown who asked when l was the least.
func (w *walls) read(name string, l least, status int, body string) seen {
	found := onWall.FindAllString(body, -1)
	if status != http.StatusOK || len(found) == 0 {
		w.complain("%s: status %d, %.100q", name, status, body)
		return seen{}
	}
	for _, other := range found {
		if other != found[0] {
			w.complain("%s: markup and payload of one page are of two renders", name)
		}
	}
	var render, text int
	parts := strings.Split(found[0], "/")
	_, _ = fmt.Sscan(parts[1]+" "+parts[2], &render, &text)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slowest = max(w.slowest, time.Since(l.at))
	wall := w.known[name]
	complain := func(format string, values ...any) { w.wrong[fmt.Sprintf(format, values...)]++ }
	if parts[0] != name || render < 1 || render > len(wall.renders) {
		complain("%s: it shows %s", name, found[0])
		return seen{}
	}
	if before, ok := wall.shown[render]; ok && before != found[0] {
		complain("%s: render %d shows %s and %s", name, render, before, found[0])
	}
	wall.shown[render] = found[0]
	wall.newest = max(wall.newest, render)
	if render < l.render {
		complain("%s: render %d after %d had been read", name, render, l.render)
	}
	if text < l.text {
		for _, one := range wall.written {
			if one.text == l.text {
				complain("%s: text %d, and %d had been announced for %s (at once: %v)", name, text, l.text, l.at.Sub(one.granted).Round(time.Second/10), one.now)
			}
		}
	}
	age := l.at.Sub(wall.renders[render-1])
	if wall.brief && age > time.Second+refreshTime+w.slowest {
		complain("%s: a page that lives for a second is %s old", name, age.Round(time.Second))
	}
	return seen{text, age}
}

func (w *walls) complain(format string, values ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrong[fmt.Sprintf(format, values...)]++
}

// tooSoon is what two renders of a page that lasts a second are always apart. They begin a
// second apart; but what is seen of them is when they read the wall, and where the first
// had to wait for an instance to start, that was most of a second later.
const tooSoon = time.Second / 8

// renderedOnce checks that every render had a reason of its own: a second since
// the one before, or a revalidation that nothing had been rendered for. One in fifty
// may have none: what versitygw says of leases now and then (refreshTime) lets two
// instances have one. Nor are there more than one in a second and one for each
// revalidation.
func (w *walls) renderedOnce(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	needless, all := 0, 0
	for name, wall := range w.known {
		reasons := wall.written
		all += len(wall.renders)
		for i := 1; i < len(wall.renders); i++ {
			before, at := wall.renders[i-1], wall.renders[i]
			// A render reads the wall some time after it has begun, from which its
			// second counts, and what is revalidated in between is a reason to
			// render again.
			for len(reasons) > 0 && reasons[0].granted.Before(before.Add(-time.Second/2)) {
				reasons = reasons[1:]
			}
			switch {
			case len(reasons) > 0 && reasons[0].asked.Before(at):
				reasons = reasons[1:]
			case !wall.brief, at.Sub(before) < tooSoon:
				needless++
				t.Logf("%s: render %d came %s after the one before", name, i+1, at.Sub(before))
			}
		}
		t.Logf("%s: %d renders, %d revalidations", name, len(wall.renders), len(wall.written))
		if n := len(wall.renders); wall.brief && n > 1 {
			if lasted := wall.renders[n-1].Sub(wall.renders[0]); n > int(lasted/time.Second)+len(wall.written)+2+n/50 {
				t.Errorf("%s: %d renders in %s for %d revalidations", name, n, lasted, len(wall.written))
			}
		}
	}
	if needless*50 > all {
		t.Errorf("%d of %d renders were needless", needless, all)
	}
}
