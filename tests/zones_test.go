package tests_test

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// zoneAddress is where the fixture "assorted" has its other zone, the fixture
// "app-router". It is built into the app.
var zoneAddress = sync.OnceValues(func() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
})

// reserveZone has the app built with the other zone's address, and returns it.
func reserveZone(t *testing.T) string {
	t.Helper()
	address, err := zoneAddress()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("ZONE", "http://"+address)
	return address
}

// assortedZones has both servers hand requests on to another zone, which is an
// app packed by itself.
func assortedZones(t *testing.T, p *pair, address string) {
	_, port, _ := net.SplitHostPort(address)
	zone, err := launchPack(fixture(t, "app-router").folder, "--fresh", "--port", port)
	if zone != nil {
		t.Cleanup(func() { zone.endWith(t) })
	}
	if err != nil {
		t.Fatal(err)
	}
	page := p.pack.must(t, get("/photos/1"), http.StatusOK)
	script, _, _ := strings.Cut(page.body[max(0, strings.Index(page.body, "/zone-static/_next/")):], `"`)
	if !strings.HasPrefix(script, "/zone-static/_next/static/") {
		t.Fatalf("the zone's page names no script of its own: %.300s", page.body)
	}
	list := []request{
		get("/photos"), get("/photos/1"), get("/photos/1?x=1", "Rsc: 1"), get("/photos/1/2"), get("/photos/"), request{method: "HEAD", target: "/photos"}, get(script), get("/zone-static/_next/static/nowhere.js"),
		rsc("/photos/1", "Next-Url: /photos"), get("/forms"), get("/forms", "Cookie: who=Ana"),
	}
	front := "zones.example"
	for _, form := range []struct{ id, name, value string }{{"remember", "name", "Ada"}, {"leave", "to", "/photos/1"}} {
		fields := hiddenFields(formNamed(t, p.pack.must(t, get("/forms"), http.StatusOK).body, form.id))
		byForm := multipart(append(fields, [2]string{form.name, form.value})...)
		byClient := multipart([2]string{"_1_" + form.name, form.value}, [2]string{"0", `["$K1"]`})
		for _, origin := range []string{"Origin: https://" + front, "Origin: https://elsewhere.example"} {
			list = append(list,
				post("/forms", byForm, formType, "Host: "+front, origin),
				post("/forms", byClient, formType, "Host: "+front, origin, "Next-Action: "+actionID(fields), "Accept: text/x-component"),
			)
		}
	}
	p.compare(t, list)
	call := list[len(list)-3]
	if a := p.pack.must(t, call, http.StatusOK); !strings.HasPrefix(a.header.Get("X-Action-Redirect"), "/photos/1") || !strings.Contains(a.body, "photo") {
		t.Errorf("an action of the zone does not lead to its page: %v, %.300s", a.header, a.body)
	}
}
