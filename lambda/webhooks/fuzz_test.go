package webhooks_test

import (
	"net/http"
	"testing"
	"time"

	"pack/lambda/webhooks"
)

// everySender is each sender's members of pack.json.
var everySender = []string{
	`"sender":"contentful"`, `"sender":"contentstack"`, `"sender":"contentstack-hmac"`, `"sender":"datocms"`, `"sender":"github"`,
	`"sender":"hygraph"`, `"sender":"kontent-ai"`, `"sender":"prismic"`, `"sender":"sanity"`, `"sender":"shopify"`,
	`"sender":"standard-webhooks"`, `"sender":"storyblok"`, `"sender":"strapi"`, `"sender":"woocommerce"`,
	`"sender":"hmac","signature":{"header":"x-signature","timestamp":"x-time"}`, `"sender":"token","token":{"query":"key"}`,
}

// everyHeader is where they look.
var everyHeader = []string{
	"X-Contentful-Signature", "X-Contentstack-Request-Signature", "X-Contentstack-Hmac-Signature", "Authorization", "X-Hub-Signature-256",
	"Gcms-Signature", "X-Kontent-Ai-Signature", "Sanity-Webhook-Signature", "X-Shopify-Hmac-Sha256", "Webhook-Signature", "X-Wc-Webhook-Signature",
	"X-Signature",
}

// FuzzVerify: whatever strangers send to whichever endpoint, it is refused, and
// nothing breaks; nor does it when a message that was believed makes no sense.
func FuzzVerify(f *testing.F) {
	var endpoints []*webhooks.Endpoint
	for _, members := range everySender {
		hook := planned(f, "cms", members+`,"tags":["p:{a}"],"paths":["/{a}"],"secrets":[{"env":"SECRET"}]`)
		e, err := webhooks.NewEndpoint(hook, func(string) string { return "c2VjcmV0IG9mIHRoZSBmdXp6ZXI" })
		if err != nil {
			f.Fatal(err)
		}
		endpoints = append(endpoints, e)
	}
	for _, signature := range []string{
		"t=1795262400,v1=aa,v1=bb", "t=1795262400000,v1=aa_-", "v1,YWFhYQ== v1a,x", "sign=YWE=, env=master, t=1795262400000", "sha256=00ff", "v1=YWE=",
		"Bearer x", "Basic dXNlcjpwYXNz", "t=,v1=", ",,,=", "sign=, env=, t=",
	} {
		f.Add(signature, "1795262400", "content-type,x-contentful-signed-headers,x-contentful-timestamp", `{"a":[1,{"b":2}],"triggered_at":"2026-11-21T12:00:00Z","secret":"x"}`)
	}
	f.Add("", "", "", "payload=%7B%22a%22%3A1%7D")
	f.Fuzz(func(t *testing.T, signature, stamp, signed, body string) {
		d := &webhooks.Delivery{
			Method: http.MethodPost, Target: "/_pack/webhooks/cms?" + signed, Body: []byte(body), Received: time.UnixMilli(1795262400000),
			Header: http.Header{
				"Webhook-Id": {stamp}, "Webhook-Timestamp": {stamp}, "X-Contentful-Timestamp": {stamp}, "X-Contentful-Signed-Headers": {signed}, "X-Time": {stamp},
				"Content-Type": {"application/x-www-form-urlencoded"},
			},
		}
		for _, name := range everyHeader {
			d.Header.Set(name, signature)
		}
		for i, e := range endpoints {
			if err := e.Verify(d); err == nil {
				t.Errorf("%s believes it", everySender[i])
			}
			_, _ = e.Changes(e.Message(d)) // Messages of any kind make no sense without harm.
		}
	})
}
