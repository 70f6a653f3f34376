package template_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pack/infra/template"
	"pack/lambda/gateway"
	"pack/lambda/state"
	"pack/manifest"
	"pack/s3cache/dynamotags"
)

func TestCaching(t *testing.T) {
	// As Next writes the patterns of matchers.
	const (
		data  = `^(?:\/(_next\/data\/[^/]{1,}))?`
		after = `(\.json|\.rsc|\.segments\/.+\.segment\.rsc)?[\/#\?]?$`
	)
	rule := func(source, middle string) manifest.Route {
		return manifest.Route{Source: source, SourceRegex: data + middle + after}
	}
	account := rule("/account/:path*", `\/account(?:\/((?:[^\/#\?]+?)(?:\/(?:[^\/#\?]+?))*))?`)
	almostAll := rule(`/((?!api|_next/static|_next/image|favicon.ico).*)`, `(?:\/((?!api|_next\/static|_next\/image|favicon.ico).*))`)
	everything := rule("/:path*", `(?:\/((?:[^\/#\?]+?)(?:\/(?:[^\/#\?]+?))*))?`)
	headers := []string{"rsc", "next-router-state-tree", "next-router-prefetch", "next-router-segment-prefetch", "next-url", "x-deployment-id"}
	cookies := []string{"__prerender_bypass", "__next_preview_data", "__pack_dpl"}
	for _, c := range []struct {
		name     string
		app      manifest.App
		matchers []manifest.Route
		rewrites []manifest.Route
		want     template.Cached
	}{
		{"no proxy", manifest.App{}, nil, nil, template.Cached{true, true, true, nil, headers, cookies, 0}},
		{
			"some paths", manifest.App{}, []manifest.Route{account, rule("/geo", `\/geo`)}, nil,
			template.Cached{true, true, true, []string{"/account*", "/geo*", "/_next/data/*"}, headers, cookies, 0},
		},
		{
			"base path and languages", manifest.App{BasePath: "/shop", I18n: &manifest.I18n{Locales: []string{"en", "de"}}},
			[]manifest.Route{rule("/shop/account/:id/orders", `\/shop\/account(?:\/([^\/#\?]+?))\/orders`)}, nil,
			template.Cached{
				true, true, true, []string{"/shop/account*", "/shop/de/account*", "/shop/en/account*", "/shop/_next/data/*"},
				append(headers[:6:6], "accept-language"), append(cookies[:3:3], "NEXT_LOCALE"), 0,
			},
		},
		{"all but some", manifest.App{}, []manifest.Route{account, almostAll}, nil, template.Cached{false, true, true, nil, headers, cookies, 1}},
		{"everything", manifest.App{}, []manifest.Route{everything}, nil, template.Cached{false, false, false, nil, headers, cookies, 2}},
		{
			"written in more ways than one", manifest.App{}, []manifest.Route{rule("/caf%C3%A9", `\/caf%C3%A9`)}, nil,
			template.Cached{false, true, true, nil, headers, cookies, 1},
		},
		{
			"answers by header, cookie and host", manifest.App{}, nil,
			[]manifest.Route{{Has: []manifest.Condition{{Type: "header", Key: "X-Audience"}, {Type: "host", Value: "b"}}, Missing: []manifest.Condition{{Type: "cookie", Key: "seen"}}}},
			template.Cached{true, true, true, nil, append(headers[:6:6], "x-audience", "x-forwarded-host"), append(cookies[:3:3], "seen"), 0},
		},
		{
			"a path longer than a pattern", manifest.App{}, []manifest.Route{rule("/"+strings.Repeat("a", 300), `\/`+strings.Repeat("a", 300))}, nil,
			template.Cached{true, true, true, []string{"/" + strings.Repeat("a", 253) + "*", "/_next/data/*"}, headers, cookies, 0},
		},
		{
			"answers by the header of the host, and by a scheme that is always the same", manifest.App{}, nil,
			[]manifest.Route{{Has: []manifest.Condition{{Type: "header", Key: "Host", Value: "b"}, {Type: "header", Key: "x-forwarded-proto", Value: "http"}}}},
			template.Cached{true, true, true, nil, append(headers[:6:6], "x-forwarded-host"), cookies, 0},
		},
		{
			"answers by what no cache key holds", manifest.App{}, nil,
			[]manifest.Route{{Has: []manifest.Condition{{Type: "header", Key: "Cookie"}}, Missing: []manifest.Condition{{Type: "header", Key: "Proxy-Authorization"}}}},
			template.Cached{false, true, true, nil, headers, cookies, 2},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &manifest.Deployment{App: c.app}
			d.Routing.MiddlewareMatchers, d.Routing.BeforeFiles = c.matchers, c.rewrites
			got, err := template.CachedOf(d)
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
	// More than a cache key holds: nothing is cached rather than too much.
	d := &manifest.Deployment{}
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		d.Routing.AfterFiles = append(d.Routing.AfterFiles, manifest.Route{Has: []manifest.Condition{{Type: "header", Key: key}}})
	}
	if got, err := template.CachedOf(d); err != nil || got.Pages || got.Warnings != 1 {
		t.Errorf("eleven headers: %+v %v", got, err)
	}
}

// TestAgreement: what the template says and what runs are the same.
func TestAgreement(t *testing.T) {
	table := dynamotags.Table("t")
	got := []any{
		template.RefreshReceives, template.JobReceives, template.SecretHeader, template.TagKey, template.TagRemoval,
	}
	want := []any{
		state.RefreshReceives, state.JobReceives, gateway.SecretHeader,
		*table.KeySchema[0].AttributeName, *dynamotags.TTL("t").TimeToLiveSpecification.AttributeName,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(table.KeySchema) != 1 || len(table.AttributeDefinitions) != 1 {
		t.Error("the table has more than one key")
	}
}
