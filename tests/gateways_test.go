package tests_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"pack/tests/awsservers"
)

// TestEightGateways: eight gateways on one S3, DynamoDB and SQS, and a thousand
// readers of pages that live for a second or until they are revalidated, while
// tags are revalidated at random. No reader goes back in time or sees what was
// expired before he asked, HTML and payload are of one render, nothing is
// rendered twice, and in the end everybody has the newest.
func TestEightGateways(t *testing.T) {
	const gateways, readers, atOnce, thinks, lasts = 8, 1000, 24, 4 * time.Second, time.Minute
	app := fixture(t, "isr-data").folder
	names := []string{"brief-a", "brief-b", "brief-c", "lasting-a", "lasting-b", "lasting-c"}
	w := startWalls(t, names...)
	bucket := awsservers.NewName()
	servers := serveMany(t, app, gateways, bucket, w.server.URL)
	client := visitor(readers)
	defer client.CloseIdleConnections()
	random := rand.New(rand.NewPCG(0, uint64(time.Now().UnixNano())))
	// Two of them revalidate: every function that is used takes a Node process of
	// each server.
	announce := func(tag string, now bool) error { return revalidateOn(client, servers[random.IntN(2)], tag, now) }
	for _, s := range servers {
		// Each has rendered, and so has its processes.
		w.write(names[0], true, announce)
		w.ask(client, s, names[0], false)
	}
	for _, name := range names {
		w.ask(client, servers[0], name, false)
	}
	keepFolders(t, awsservers.S3(t), bucket)

	end := time.Now().Add(lasts)
	ages := make([]map[string][]time.Duration, readers)
	waits := make([][]time.Duration, readers)
	// However slow the machine is: each that waits has a process of a gateway.
	turns := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i := range readers {
		random := rand.New(rand.NewPCG(uint64(i), uint64(end.UnixNano())))
		all.Go(func() {
			ages[i] = make(map[string][]time.Duration)
			// They come one after the other: a gateway process starts for each
			// that waits.
			time.Sleep(time.Duration(random.Int64N(int64(thinks))))
			for time.Now().Before(end) {
				name := names[random.IntN(len(names))]
				turns <- struct{}{}
				asked := time.Now()
				got := w.ask(client, servers[random.IntN(gateways)], name, random.IntN(2) == 0)
				<-turns
				waits[i] = append(waits[i], time.Since(asked))
				ages[i][name] = append(ages[i][name], got.age)
				time.Sleep(min(time.Until(end), time.Duration(random.Int64N(2*int64(thinks)))))
			}
		})
	}
	revalidations := 0
	for ; time.Now().Before(end); revalidations++ {
		w.write(names[random.IntN(len(names))], random.IntN(2) == 0, announce)
		time.Sleep(time.Duration(random.Int64N(int64(time.Second))))
	}
	all.Wait()

	took := slices.Sorted(slices.Values(slices.Concat(waits...)))
	t.Logf("%d answers, half within %s, 99%% within %s, %d revalidations", len(took), took[len(took)/2], took[len(took)*99/100], revalidations)
	oldest := make(map[string]time.Duration)
	for _, one := range ages {
		for name, list := range one {
			oldest[name] = max(oldest[name], slices.Max(list))
		}
	}
	t.Logf("the oldest that was seen: %v", oldest)
	if len(w.wrong) == 0 {
		// A second, or what a few answers in a row take where that is more.
		w.newestWins(t, client, servers, names, announce, max(time.Second, 5*took[len(took)*99/100]))
	}
	w.report(t)
	w.renderedOnce(t)
}

// keepFolders puts an object beside each lease. versitygw keeps objects as files;
// it removes a folder that became empty while another object is put into it, and
// answers 409 ExistingObjectIsDirectory, which S3 has no reason to.
func keepFolders(t *testing.T, server awsservers.Server, bucket string) {
	t.Helper()
	client := s3.NewFromConfig(server.Config, func(o *s3.Options) { o.UsePathStyle = true })
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range page.Contents {
			entry := strings.SplitN(*object.Key, "/", 3) // deployment, e, key
			if len(entry) < 3 || entry[1] != "e" {
				continue
			}
			beside := path.Join(entry[0], "l", path.Dir(entry[2]), "beside")
			put := func() error {
				_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &beside, Body: strings.NewReader("x")})
				return err
			}
			err := put()
			for try := 0; err != nil && try < 20; try++ {
				time.Sleep(100 * time.Millisecond) // until no lease is taken or left there
				err = put()
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// serveMany runs several `pack serve` of one app on one S3, DynamoDB and SQS.
func serveMany(t *testing.T, app string, count int, name, upstream string) []*server {
	t.Helper()
	objects, dynamodb, sqs := awsservers.S3(t).Endpoint, awsservers.DynamoDB(t).Endpoint, awsservers.SQS(t).Endpoint
	var servers []*server
	for range count {
		servers = append(servers, serveOnAWS(t, app, name, objects, dynamodb, sqs, "UPSTREAM="+upstream))
	}
	return servers
}

// ask has a reader ask a server for a page, as HTML or as the payload that
// Next's client asks for.
func (w *walls) ask(client *http.Client, s *server, name string, payload bool) seen {
	l := w.least(name)
	r, err := http.NewRequest(http.MethodGet, s.url+"/walls/"+name, nil)
	if err != nil {
		w.complain("%v", err)
		return seen{}
	}
	if payload {
		r.Header.Set("Rsc", "1")
		r.URL.RawQuery = "_rsc"
	}
	response, err := client.Do(r)
	if err != nil {
		w.complain("%s: %v", name, err)
		return seen{}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.complain("%s: the answer breaks off: %v", name, err)
		return seen{}
	}
	return w.read(name, l, response.StatusCode, string(body))
}

// revalidateOn has the app revalidate a tag.
func revalidateOn(client *http.Client, s *server, tag string, now bool) error {
	target := s.url + "/api/revalidate?tag=" + tag
	if now {
		target += "&expire=0"
	}
	response, err := client.Post(target, "", nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return nil
}

// newestWins writes on every wall once more, when nobody reads any longer: so much
// later every gateway shows it. On a machine that has other things to do that is tried
// three times.
func (w *walls) newestWins(t *testing.T, client *http.Client, servers []*server, names []string, announce func(string, bool) error, within time.Duration) {
	t.Helper()
	for try := 1; ; try++ {
		var last time.Time
		for i, name := range names {
			w.write(name, i%2 == 0, announce)
			last = time.Now()
		}
		var mu sync.Mutex
		var late []string
		var all sync.WaitGroup
		for _, s := range servers {
			for _, name := range names {
				all.Go(func() {
					want := w.known[name].text
					for {
						got, took := w.ask(client, s, name, false), time.Since(last)
						if got.text == want {
							return
						}
						if took > within {
							mu.Lock()
							defer mu.Unlock()
							late = append(late, fmt.Sprintf("%s shows text %d of %s %s after text %d was announced", s.url, got.text, name, took.Round(time.Millisecond), want))
							return
						}
						time.Sleep(50 * time.Millisecond) // as a reader who reloads, and not more load than the refresh
					}
				})
			}
		}
		all.Wait()
		if len(late) == 0 {
			return
		}
		if try == 3 {
			t.Errorf("not everybody had the newest: %s", strings.Join(late, "\n"))
			return
		}
		t.Logf("try %d: %d of %d were late, as in: %s", try, len(late), len(servers)*len(names), late[0])
	}
}
