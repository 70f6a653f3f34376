package webhooks_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// signing is when the messages were signed. Tests go there: Sanity's package
// refuses times before 2021, where synctest's clock starts.
var signing = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func (s signed) request(change ...func(r *http.Request)) *http.Request {
	r := post(s.Target, s.Body)
	for name, value := range s.Headers {
		r.Header.Set(name, value)
	}
	for _, f := range change {
		f(r)
	}
	return r
}

func (s signed) members() string { return `"sender":"` + s.Sender + `","tags":["all"]` }

// TestSenders holds every scheme against the sender's own code, and against
// everything that must be refused: always with the same answer.
func TestSenders(t *testing.T) {
	messages := signAll(t, signing)
	kinds := map[string]bool{}
	for _, s := range messages {
		kinds[s.Sender] = true
		t.Run(s.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testSender(t, s) })
		})
	}
	want := []string{"contentful", "contentstack", "contentstack-hmac", "github", "hygraph", "kontent-ai", "sanity", "shopify", "standard-webhooks", "storyblok", "woocommerce"}
	if got := slices.Sorted(maps.Keys(kinds)); !slices.Equal(got, want) {
		t.Errorf("signed as %v, want %v", got, want)
	}
}

func testSender(t *testing.T, s signed) {
	time.Sleep(time.Until(signing))
	refused := func(what string, r *receiver, request *http.Request) {
		t.Helper()
		if status, body := r.send(request); status != 401 || body != "unauthorized\n" {
			t.Errorf("%s: %d %q", what, status, body)
		}
		if did := r.effects.taken(); did != nil {
			t.Errorf("%s: did %q", what, did)
		}
	}
	r := receive(t, s.members(), s.Secret)
	altered := s
	altered.Body = strings.Replace(s.Body, "{", "{ ", 1)
	refused("a changed body", r, altered.request())
	altered.Body = s.Body + "\n"
	refused("a longer body", r, altered.request())
	altered.Body = ""
	refused("no body", r, altered.request())
	other := receive(t, s.members(), "another secret")
	refused("another secret", other, s.request())
	bare := s
	bare.Headers = nil
	refused("no headers", r, bare.request())
	for name, value := range s.Headers {
		if !strings.Contains(name, "sign") && !strings.Contains(name, "hmac") && !strings.Contains(name, "timestamp") && !strings.HasSuffix(name, "hook-id") || strings.Contains(name, "shopify-webhook") {
			continue
		}
		refused("without "+name, r, s.request(func(r *http.Request) { r.Header.Del(name) }))
		for what, wrong := range map[string]string{
			"half of": value[:len(value)/2], "a changed": flip(value), "an empty": "", "twice": value + value, "another kind of": "v9=" + value,
		} {
			refused(what+" "+name, r, s.request(func(r *http.Request) { r.Header.Set(name, wrong) }))
		}
	}
	time.Sleep(301 * time.Second)
	if s.Timed {
		refused("five minutes later", r, s.request())
		r = receive(t, s.members()+`,"window":600`, s.Secret)
	}
	accept(t, r, s)
}

// accept sends a message twice: the second time it may be known, but is taken.
func accept(t *testing.T, r *receiver, s signed) {
	t.Helper()
	for range 2 {
		if status, body := r.send(s.request()); status != 202 {
			t.Errorf("%d %s", status, body)
		}
		synctest.Wait()
	}
	want := 1 // Senders with an id, or a signed time.
	switch s.Sender {
	case "storyblok", "kontent-ai":
		want = 2 // Nothing tells a repetition from a second change of the same thing.
	}
	if did := r.effects.taken(); len(did) != want {
		t.Errorf("did %q for the same message twice, want %d", did, want)
	}
}

// flip changes one character in the middle of the last word.
func flip(value string) string {
	i := len(value) - 4
	c := byte('0')
	if value[i] == c {
		c = '1'
	}
	return value[:i] + string(c) + value[i+1:]
}

// TestEarly: a message from the future is as little believed as an old one.
func TestEarly(t *testing.T) {
	for _, s := range signAll(t, signing) {
		if !s.Timed || s.Body != bodies[0] && s.Sender != "contentstack" {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(signing.Add(-301 * time.Second)))
			r := receive(t, s.members(), s.Secret)
			if status, _ := r.send(s.request()); status != 401 {
				t.Errorf("%s: %d five minutes before it was signed", s, status)
			}
			time.Sleep(2 * time.Second)
			if status, _ := r.send(s.request()); status != 202 {
				t.Errorf("%s: %d within five minutes before it was signed", s, status)
			}
			synctest.Wait()
		})
	}
}

// TestSameHeader: Storyblok and Standard Webhooks sign in headers of the same
// name. Each is taken for what was configured, whatever comes.
func TestSameHeader(t *testing.T) {
	for _, s := range signAll(t, signing) {
		if s.Sender != "storyblok" && s.Sender != "standard-webhooks" {
			continue
		}
		for _, configured := range []string{"storyblok", "standard-webhooks"} {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(signing))
				r := receive(t, `"sender":"`+configured+`","tags":["all"]`, s.Secret)
				want := 401
				if configured == s.Sender {
					want = 202
				}
				if status, _ := r.send(s.request()); status != want {
					t.Errorf("%s at an endpoint of %s: %d, want %d", s, configured, status, want)
				}
				synctest.Wait()
			})
		}
	}
}

// TestSeveralSignatures: senders sign with the old and the new secret while one
// is being changed.
func TestSeveralSignatures(t *testing.T) {
	for _, s := range signAll(t, signing) {
		if s.Sender != "standard-webhooks" {
			continue
		}
		for _, list := range []string{"v1a,of-another-kind v1,AAAA %", "% v1,AAAA"} {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(signing))
				status, _ := receive(t, s.members(), s.Secret).send(s.request(func(r *http.Request) {
					for _, name := range []string{"Webhook-Signature", "Svix-Signature"} {
						if value := r.Header.Get(name); value != "" {
							r.Header.Set(name, strings.Replace(list, "%", value, 1))
						}
					}
				}))
				if status != 202 {
					t.Errorf("%s in %q: %d", s, list, status)
				}
				synctest.Wait()
			})
		}
	}
}

// TestConfiguredSignatures: the sender "hmac" in its varieties. The signatures
// are OpenSSL's:
//
//	printf '1795262400.{"a":1}' | openssl dgst -sha512 -hmac secret
func TestConfiguredSignatures(t *testing.T) {
	const stamped = `,"timestamp":"x-time"`
	for _, c := range []struct{ settings, header, signature string }{
		{`"header":"x-sig"`, "X-Sig", "aa9e2e3575f5d7098b6caccd790888c36d5fdb63342a73bada2d6a51747a8494"},
		{`"header":"x-sig","algorithm":"sha1","encoding":"base64","prefix":"sha1="`, "X-Sig", "sha1=+ERmcvAz5LK+r8XKOnHq/NLK+24="},
		{`"header":"x-sig","algorithm":"sha512"` + stamped, "X-Sig", "6d4f23521b79df9f599eea8a225af079c909e9e7921bb834ab8dc4478b29de56243b0ca57a18dbc1890bae915c210ba573d9716cb0f853056baea24c3bf9768d"},
		{`"header":"x-sig","encoding":"base64url","separator":":","prefix":"v0="` + stamped, "X-Sig", "v0=mvDxUCkQtShqNvt_DFt45GO1R1MBN1qMBHAApIp2cR0"},
	} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(signing))
			r := receive(t, `"sender":"hmac","tags":["all"],"signature":{`+c.settings+`}`, "secret")
			send := func(body, signature, stamp string) int {
				status, _ := r.send(post("/_pack/webhooks/cms", body, c.header+": "+signature, "X-Time: "+stamp))
				synctest.Wait()
				return status
			}
			if status := send(`{"a":1}`, c.signature, "1795262400"); status != 202 {
				t.Errorf("%s: %d", c.settings, status)
			}
			if status := send(`{"a":2}`, c.signature, "1795262400"); status != 401 {
				t.Errorf("%s, another body: %d", c.settings, status)
			}
			if !strings.Contains(c.settings, "x-time") {
				return
			}
			for _, stamp := range []string{"", "1795262401", "1795262400000", "x"} {
				if status := send(`{"a":1}`, c.signature, stamp); status != 401 {
					t.Errorf("%s, time %q: %d", c.settings, stamp, status)
				}
			}
			time.Sleep(301 * time.Second)
			if status := send(`{"a":1}`, c.signature, "1795262400"); status != 401 {
				t.Errorf("%s, five minutes later: %d", c.settings, status)
			}
		})
	}
}
