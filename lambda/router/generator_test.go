package router_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"pack/lambda/router"
	"pack/manifest"
)

// generatedSources are source patterns below a folder, with destinations that
// use what they capture.
var generatedSources = []struct{ source, regex, to string }{
	{"", `(?:\/)?$`, ""},
	{"/:a", `(?:\/([^\/]+?))(?:\/)?$`, "/$1"},
	{"/:a/:b", `(?:\/([^\/]+?))(?:\/([^\/]+?))(?:\/)?$`, "/$2/$1"},
	{"/:a*", `(?:\/((?:[^\/]+?)(?:\/(?:[^\/]+?))*))?(?:\/)?$`, "/-$1"},
	{"/:a(\\d+)", `(?:\/(\d+))(?:\/)?$`, "/n$1"},
	{"/:a((?!x).*)", `(?:\/((?!x).*))(?:\/)?$`, "/$1"},
}

var generatedConditions = []manifest.Condition{
	{Type: "header", Key: "x-flag"},
	{Type: "header", Key: "X-Flag", Value: "^(?<flag>on|off)$"},
	{Type: "cookie", Key: "c", Value: "^v(?<version>\\d)$"},
	{Type: "query", Key: "k"},
	{Type: "query", Key: "k", Value: "^(?<kind>[a-z]+)$"},
	{Type: "host", Value: "^(?<sub>[a-z]+)\\.site\\.test$"},
}

func generateTable(random *rand.Rand) router.Table {
	pick := func(n int) int { return random.IntN(n) }
	folder := func() string { return string(rune('a' + pick(5))) }
	rule := func(make func(manifest.Route, string) manifest.Route) manifest.Route {
		name := folder()
		source := generatedSources[pick(len(generatedSources))]
		route := manifest.Route{Source: "/" + name + source.source, SourceRegex: `^\/` + name + source.regex}
		named := ""
		if pick(3) == 0 {
			condition := generatedConditions[pick(len(generatedConditions))]
			if pick(3) == 0 {
				route.Missing = []manifest.Condition{condition}
			} else {
				route.Has = []manifest.Condition{condition}
				if _, rest, found := strings.Cut(condition.Value, "(?<"); found {
					name, _, _ := strings.Cut(rest, ">")
					named = "-$" + name
				}
			}
		}
		return make(route, source.to+named)
	}
	rewrite := func(route manifest.Route, to string) manifest.Route {
		switch pick(9) {
		case 0:
			route.Destination = "/s" + fmt.Sprint(pick(4))
		case 1:
			route.Destination = "/s" + fmt.Sprint(pick(4)) + "?k=fixed&own=1"
		case 2, 3:
			route.Destination = "https://e.test/base" + to + "?own=1"
		case 4:
			route.Destination = "/" + folder() + to
		case 5:
			route.Destination = "/" + folder() + to + "?own=2"
		default:
			route.Destination = "/d" + fmt.Sprint(pick(3)) + to
		}
		return route
	}
	table := router.Table{BuildID: "BUILD", Routing: manifest.Routing{
		BeforeMiddleware:   []manifest.Route{},
		MiddlewareMatchers: []manifest.Route{},
		BeforeFiles:        []manifest.Route{},
		AfterFiles:         []manifest.Route{},
		DynamicRoutes:      []manifest.Route{},
		OnMatch:            []manifest.Route{{SourceRegex: `/d\d/`, Headers: map[string]string{"x-dynamic": "1"}}},
		Fallback:           []manifest.Route{},
	}}
	for range pick(4) {
		table.Routing.BeforeMiddleware = append(table.Routing.BeforeMiddleware, rule(func(route manifest.Route, to string) manifest.Route {
			route.Headers = map[string]string{"x-rule": "r" + strings.ReplaceAll(to, "/", "_"), "X-" + folder(): "1"}
			return route
		}))
	}
	table.Routing.BeforeMiddleware = append(table.Routing.BeforeMiddleware, manifest.Route{
		Source: "/:path+/", SourceRegex: `^(?:\/((?:[^\/]+?)(?:\/(?:[^\/]+?))*))\/$`, Headers: map[string]string{"Location": "/$1"}, Status: 308, Priority: true,
	})
	for range pick(3) {
		table.Routing.BeforeMiddleware = append(table.Routing.BeforeMiddleware, rule(func(route manifest.Route, to string) manifest.Route {
			route.Status = 307 + pick(2)
			route.Headers = map[string]string{"Location": []string{"/target" + to, "https://e.test/t" + to}[pick(2)]}
			return route
		}))
	}
	for _, phase := range []*[]manifest.Route{&table.Routing.BeforeFiles, &table.Routing.AfterFiles, &table.Routing.Fallback} {
		for range pick(5) {
			*phase = append(*phase, rule(rewrite))
		}
	}
	suffix := `(\.rsc|\.segments/.+\.segment\.rsc|)(?:/)?$`
	dynamic := []manifest.Route{
		{Source: "/d0/[slug]", SourceRegex: `^[/]?/d0/(?<nxtPslug>[^/]+?)` + suffix, Destination: "/d0/[slug]$2?nxtPslug=$nxtPslug"},
		{Source: "/d0/[...rest]", SourceRegex: `^[/]?/d0/(?<nxtPrest>.+?)` + suffix, Destination: "/d0/[...rest]$2?nxtPrest=$nxtPrest"},
		{Source: "/d1/[a]/[b]", SourceRegex: `^[/]?/d1/(?<nxtPa>[^/]+?)/(?<nxtPb>[^/]+?)(?:/)?$`, Destination: "/d1/[a]/[b]?nxtPa=$nxtPa&nxtPb=$nxtPb"},
		{Source: "/d2/[[...all]]", SourceRegex: `^[/]?/d2(?:/(?<nxtPall>.+?))?` + suffix, Destination: "/d2/[[...all]]$2?nxtPall=$nxtPall"},
	}
	for _, route := range dynamic {
		if pick(4) > 0 {
			table.Routing.DynamicRoutes = append(table.Routing.DynamicRoutes, route)
		}
	}
	for _, pathname := range []string{"/", "/s0", "/s1", "/s2", "/d0/[slug]", "/d0/[slug].rsc", "/d0/[...rest]", "/d1/[a]/[b]", "/d2/[[...all]]", "/d2/[[...all]].rsc"} {
		table.Outputs = append(table.Outputs, manifest.Output{Pathname: pathname, Type: "APP_PAGE"})
	}
	table.Assets = []manifest.Asset{{Pathname: "/s3", Source: "public"}}
	return table
}

func generateRequest(random *rand.Rand, host bool) *router.Request {
	segments := []string{"a", "b", "c", "d", "e", "d0", "d1", "d2", "s0", "s1", "s3", "x", "1", "42", "a%20b", "a%2Fb", "x.rsc", "A", "~:@!$'()*,;", "%5Bslug%5D"}
	folders := []string{"a", "b", "c", "d", "e", "d0", "d1", "d2", "s0", "s2", "s3"}
	target := ""
	for i := range random.IntN(5) {
		names := segments
		if i == 0 {
			names = folders
		}
		target += "/" + names[random.IntN(len(names))]
	}
	if target == "" || random.IntN(12) == 0 {
		target += "/"
	}
	var query []string
	for range random.IntN(3) {
		query = append(query, []string{"k=v", "k=7", "q=a+b", "q", "own=0", "z=x%26y", "q=1"}[random.IntN(7)])
	}
	slices.Sort(query)
	if query = slices.CompactFunc(query, func(a, b string) bool { return a[0] == b[0] && a[0] == 'k' }); len(query) > 0 {
		target += "?" + strings.Join(query, "&")
	}
	r := request(target)
	if host && random.IntN(2) == 0 {
		r.Host = "shop.site.test"
	}
	if flag := []string{"on", "off", "x", ""}[random.IntN(4)]; flag != "" {
		r.Header.Set("X-Flag", flag)
	}
	if cookie := []string{"c=v1", "d=1; c=v2", "c=x", ""}[random.IntN(4)]; cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	return r
}
