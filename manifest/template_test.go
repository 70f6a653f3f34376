package manifest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pack/manifest"
)

func message(t *testing.T, body string) *manifest.Message {
	t.Helper()
	m := &manifest.Message{Event: "update", Name: "cms", Headers: map[string]string{"x-topic": "products/update"}}
	must(t, json.Unmarshal([]byte(body), &m.Body))
	return m
}

func TestTemplate(t *testing.T) {
	const body = `{"_type":"product","slug":{"current":"dune-mug"},"id":632910392,"price":1.5,"new":true,"empty":"",
		"variants":[{"sku":"a"},{"sku":"b"},{"sku":null}],"langs":["de","en"],"nested":[["x"],["y","z"]],"void":[],"@event":"not this"}`
	for _, c := range []struct {
		template string
		want     []string
	}{
		{"catalog", []string{"catalog"}},
		{"product:{slug.current}", []string{"product:dune-mug"}},
		{"/{langs}/products/{ slug.current }", []string{"/de/products/dune-mug", "/en/products/dune-mug"}},
		{"sku:{variants[].sku}", []string{"sku:a", "sku:b"}},
		{"{langs}-{nested}", []string{"de-x", "de-y", "de-z", "en-x", "en-y", "en-z"}},
		{"id:{id}", []string{"id:632910392"}},
		{"{price}/{new}", []string{"1.5/true"}},
		{"{missing || slug.current}", []string{"dune-mug"}},
		{"{empty || 'none'}", []string{"none"}},
		{"a {missing}", []string{}},
		{"a {empty}", []string{}},
		{"a {void}", []string{}},
		{"product:{_type == 'product' && slug.current}", []string{"product:dune-mug"}},
		{"store:{_type == 'store' && slug.current}", []string{}},
		{"{{literal}} {_type}", []string{"{literal} product"}},
		{`{_type == 'product' && '}' || '{'}`, []string{"}"}},
		{"{@event}:{@name}", []string{"update:cms"}},
		{`{split(@headers."x-topic", '/')[0]}`, []string{"products"}},
		{`{variants[?sku == 'a'].join('', [sku, @event])}`, []string{"aupdate"}},
		{"{@body.slug.current}", []string{"dune-mug"}},
		{"{upper(slug.current)}", []string{"DUNE-MUG"}},
		{"{'@event'}", []string{"@event"}},
	} {
		parsed, err := manifest.ParseTemplate(c.template)
		must(t, err)
		got, err := parsed.Expand(message(t, body))
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", c.template, err, diff)
		}
	}
}

func TestTemplateOfOtherBodies(t *testing.T) {
	for body, want := range map[string]string{`["a","b"]`: "a,b", `"text"`: "text", `null`: "", `5`: "5"} {
		parsed, err := manifest.ParseTemplate("{@body}")
		must(t, err)
		got, err := parsed.Expand(message(t, body))
		must(t, err)
		if strings.Join(got, ",") != want {
			t.Errorf("%s gives %q, want %q", body, got, want)
		}
	}
}

func TestTemplateMistakesOfTheMessage(t *testing.T) {
	many, err := json.Marshal(map[string]any{"list": make([]int, 40), "object": map[string]int{"a": 1}, "number": 3})
	must(t, err)
	for template, word := range map[string]string{
		"{list}{list}":      "more than 1000",
		"{object}":          "an object",
		"{lower(number)}":   "invalid type",
		"{sum(list)}{list}": "",
	} {
		parsed, err := manifest.ParseTemplate(template)
		must(t, err)
		_, err = parsed.Expand(message(t, string(many)))
		if word == "" && err == nil || word != "" && err != nil && strings.Contains(err.Error(), word) {
			continue
		}
		t.Errorf("%s: %v, want an error about %q", template, err, word)
	}
}

func TestExpressionHolds(t *testing.T) {
	m := message(t, `{"type":"product","list":[],"full":[0],"object":{},"zero":0,"no":false}`)
	for text, want := range map[string]bool{
		"type == 'product'": true, "type": true, "missing": false, "list": false, "full": true, "object": false, "zero": true, "no": false,
		"@event == 'update' && starts_with(@headers.\"x-topic\", 'products/')": true,
	} {
		e, err := manifest.ParseExpression(text)
		must(t, err)
		if got, err := e.Holds(m); got != want || err != nil {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
}

// TestWebhooksOfAPlan: defaults are filled in, and the order is that of names.
func TestWebhooksOfAPlan(t *testing.T) {
	settings, err := manifest.ParsePackJSON([]byte(`{"webhooks":{
		"b":{"sender":"strapi","secrets":[{"env":"STRAPI_TOKEN"}],"tags":["x"]},
		"a":{"sender":"github","secrets":[{"env":"GITHUB_SECRET"}],"paths":["/"],"mode":"stale","window":60,"maxBody":10}}}`), "pack.json")
	must(t, err)
	build := recorded(t, "shop")
	plain, err := manifest.NewPlan(build, manifest.Settings{})
	must(t, err)
	plan, err := manifest.NewPlan(build, manifest.Settings{Pack: settings})
	must(t, err)
	want := []manifest.Webhook{{
		Name: "a", Sender: manifest.GitHub, Secrets: []manifest.Secret{{Env: "GITHUB_SECRET"}}, Paths: []string{"/"},
		Mode: manifest.StaleEntries, Window: 60, MaxBody: 10,
	}, {
		Name: "b", Sender: manifest.Strapi, Secrets: []manifest.Secret{{Env: "STRAPI_TOKEN"}}, Tags: []string{"x"},
		Token: &manifest.TokenSettings{Header: "authorization", Prefix: "Bearer "}, Mode: manifest.ExpireEntries, Window: 300, MaxBody: 1 << 20,
	}}
	if diff := cmp.Diff(want, plan.Deployment.Webhooks); diff != "" {
		t.Error(diff)
	}
	if plan.Deployment.ID == plain.Deployment.ID {
		t.Error("webhooks are not part of what the deployment's id stands for")
	}
}

func FuzzTemplate(f *testing.F) {
	for _, text := range []string{"product:{slug.current}", "{a || 'b'}{{}}", `{"a\"}".b[?c == '}']}`, "{@headers.x}", "{`{\"a\": 1}`.a}", "{{a: b}}", "{a[::0]}", "{@}", "{A\x80}"} {
		f.Add(text, `{"slug":{"current":"x"},"a":[1,2,{"b":null}]}`)
	}
	f.Fuzz(func(t *testing.T, text, body string) {
		parsed, err := manifest.ParseTemplate(text)
		m := &manifest.Message{}
		if err != nil || json.Unmarshal([]byte(body), &m.Body) != nil {
			return
		}
		texts, err := parsed.Expand(m)
		if len(texts) > 1000 {
			t.Errorf("%d texts, %v", len(texts), err)
		}
	})
}
