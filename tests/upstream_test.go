package tests_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
)

// upstream is the backend of the fixtures. It counts how often it is asked for
// a name, and has gates that keep who asks waiting until they are opened.
type upstream struct {
	server *httptest.Server

	mu     sync.Mutex
	counts map[string]int
	gates  map[string]chan struct{}
}

func startUpstream() *upstream {
	u := &upstream{counts: make(map[string]int), gates: make(map[string]chan struct{})}
	u.server = httptest.NewServer(u)
	return u
}

// close opens all gates and ends the server.
func (u *upstream) close() {
	u.mu.Lock()
	for name := range u.gates {
		u.open(name)
	}
	u.mu.Unlock()
	u.server.CloseClientConnections()
	u.server.Close()
}

// address is where the server of that name finds it: everybody is counted for
// himself.
func (u *upstream) address(who string) string { return u.server.URL + "/" + who }

// ServeHTTP implements http.Handler.
func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	who, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if gate, ok := strings.CutPrefix(name, "gate/"); ok {
		u.mu.Lock()
		u.counts[who+"/"+name]++
		opened := u.gate(who + "/" + gate)
		u.mu.Unlock()
		select {
		case <-opened:
		case <-r.Context().Done():
		}
		return
	}
	u.mu.Lock()
	u.counts[who+"/"+name]++
	count := u.counts[who+"/"+name]
	u.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"name":%q,"count":%d}`, name, count)
}

// gate is called with mu held.
func (u *upstream) gate(name string) chan struct{} {
	if u.gates[name] == nil {
		u.gates[name] = make(chan struct{})
	}
	return u.gates[name]
}

// open is called with mu held.
func (u *upstream) open(name string) {
	select {
	case <-u.gate(name):
	default:
		close(u.gates[name])
	}
}

// openGate lets everybody of a server through.
func (u *upstream) openGate(s *server, name string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.open(who(s) + "/" + name)
}

// asked is how often a server has asked for a name.
func (u *upstream) asked(s *server, name string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.counts[who(s)+"/"+name]
}
