package tests_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"pack/tests/awsservers"
)

// TestFaultyServices breaks what goes between `pack serve` and S3, DynamoDB and
// SQS, one service and one way after the other, while pages are read, revalidated
// and refreshed. Every answer is right, and when the fault is gone everything goes
// on by itself. docs/reliability.md lists what is injected.
func TestFaultyServices(t *testing.T) {
	app := fixture(t, "isr-data").folder
	w := startWalls(t, "brief-f", "lasting-f")
	names := []string{"brief-f", "lasting-f"}
	services := map[string]*awsservers.Faults{
		"S3": awsservers.NewFaults(t, awsservers.S3(t)), "DynamoDB": awsservers.NewFaults(t, awsservers.DynamoDB(t)),
		"SQS": awsservers.NewFaults(t, awsservers.SQS(t)),
	}
	s := serveOnAWS(t, app, awsservers.NewName(), services["S3"].Endpoint, services["DynamoDB"].Endpoint, services["SQS"].Endpoint, "UPSTREAM="+w.server.URL)
	client := visitor(8)
	defer client.CloseIdleConnections()
	announce := func(tag string, now bool) error { return revalidateOn(client, s, tag, now) }
	for _, name := range names {
		w.ask(client, s, name, false)
	}
	w.write("lasting-f", true, announce)

	throttled := map[string]awsservers.Fault{
		"S3": awsservers.SlowDown(), "DynamoDB": awsservers.Throttled("ProvisionedThroughputExceededException"), "SQS": awsservers.Throttled("RequestThrottled"),
	}
	for _, service := range []string{"S3", "DynamoDB", "SQS"} {
		for name, fault := range map[string]awsservers.Fault{
			"reset":        {Kind: awsservers.Reset},
			"answer lost":  {Kind: awsservers.Lost},
			"half request": {Kind: awsservers.HalfRequest},
			"half answer":  {Kind: awsservers.HalfAnswer},
			"slow":         {Delay: 300 * time.Millisecond},
			"throttled":    throttled[service],
			"twice":        {Kind: awsservers.Twice},
		} {
			t.Run(service+"/"+name, func(t *testing.T) {
				n := 0
				services[service].Decide(func(r *http.Request) awsservers.Fault {
					// What a lost answer has received is kept from others for its
					// visibility timeout; on AWS nobody but AWS receives.
					if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "ReceiveMessage") && name != "throttled" {
						return awsservers.Fault{}
					}
					if n++; n%3 != 0 && name != "slow" {
						return awsservers.Fault{}
					}
					return fault
				})
				w.readFor(t, client, s, time.Second, names, announce)
				services[service].Decide(nil)
				w.recovers(t, client, s, names)
			})
		}
	}
	t.Run("SQS/refused", func(t *testing.T) {
		services["SQS"].Refuse()
		w.readFor(t, client, s, 2*time.Second, names, announce)
		w.recovers(t, client, s, names) // without the queue
		if err := services["SQS"].Accept(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestServicesAheadOfMachine: the clocks of S3 and DynamoDB are five minutes ahead
// of that of the machine.
func TestServicesAheadOfMachine(t *testing.T) {
	w := startWalls(t, "brief-f", "lasting-f")
	w.blur = 2 * time.Second
	names := []string{"brief-f", "lasting-f"}
	ahead := func(server awsservers.Server) string {
		f := awsservers.NewFaults(t, server)
		f.Decide(func(*http.Request) awsservers.Fault { return awsservers.Fault{Ahead: 5 * time.Minute} })
		return f.Endpoint
	}
	s := serveOnAWS(t, fixture(t, "isr-data").folder, awsservers.NewName(), ahead(awsservers.S3(t)), ahead(awsservers.DynamoDB(t)), awsservers.SQS(t).Endpoint, "UPSTREAM="+w.server.URL)
	client := visitor(8)
	defer client.CloseIdleConnections()
	for range 2 {
		w.readFor(t, client, s, 2*time.Second, names, func(tag string, now bool) error { return revalidateOn(client, s, tag, now) })
		w.recovers(t, client, s, names)
	}
}

// readFor reads pages, by HTML and payload, and revalidates one at once and one
// for later.
func (w *walls) readFor(t *testing.T, client *http.Client, s *server, lasts time.Duration, names []string, announce func(string, bool) error) {
	t.Helper()
	for i, name := range names {
		w.write(name, i == 0, announce)
	}
	for end, i := time.Now().Add(lasts), 0; time.Now().Before(end); i++ {
		w.ask(client, s, names[i%len(names)], i%4 > 1)
		time.Sleep(20 * time.Millisecond)
	}
	w.report(t)
}

// recovers waits until the newest is shown.
func (w *walls) recovers(t *testing.T, client *http.Client, s *server, names []string) {
	t.Helper()
	for _, name := range names {
		eventually(t, refreshTime, func() string {
			if got := w.ask(client, s, name, false); got.text != w.known[name].text {
				return name + " shows an old text"
			}
			return ""
		})
	}
	w.report(t)
}

// report fails the test for every complaint so far.
func (w *walls) report(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for complaint, times := range w.wrong {
		t.Errorf("%d times: %s", times, complaint)
	}
	clear(w.wrong)
}
