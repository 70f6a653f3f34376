package router_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pack/lambda/router"
	"pack/manifest"
)

// referenceTable is a table as @next/routing takes it.
type referenceTable struct {
	BuildID   string           `json:"buildId"`
	BasePath  string           `json:"basePath"`
	I18n      *manifest.I18n   `json:"i18n,omitempty"`
	Pathnames []string         `json:"pathnames"`
	Routes    manifest.Routing `json:"routes"`
}

type referenceRequest struct {
	Table   int         `json:"table"`
	Target  string      `json:"target"`
	Host    string      `json:"host"`
	Headers [][2]string `json:"headers"`
}

type referenceResult struct {
	Error    string            `json:"error"`
	External string            `json:"external"`
	Redirect string            `json:"redirect"`
	Status   int               `json:"status"`
	Pathname string            `json:"pathname"`
	Path     string            `json:"path"`
	Query    map[string]any    `json:"query"`
	Headers  [][2]string       `json:"headers"`
	Matches  map[string]string `json:"matches"`
}

// outcome is what both routers are compared by.
type outcome struct {
	Kind, Pathname, Path, Location string
	Query                          map[string][]string
	Headers                        http.Header
	Params                         map[string]string
}

func referenceOf(table router.Table) referenceTable {
	var pathnames []string
	for _, asset := range table.Assets {
		pathnames = append(pathnames, asset.Pathname)
	}
	for _, output := range table.Outputs {
		pathnames = append(pathnames, output.Pathname)
	}
	return referenceTable{table.BuildID, table.App.BasePath, table.App.I18n, pathnames, table.Routing}
}

func referenceAsk(n int, r *router.Request) referenceRequest {
	asked := referenceRequest{Table: n, Target: r.Target, Host: r.Host, Headers: [][2]string{}}
	for name, values := range r.Header {
		for _, value := range values {
			asked.Headers = append(asked.Headers, [2]string{name, value})
		}
	}
	return asked
}

// theirs brings an answer of @next/routing into comparable form.
func theirs(answer referenceResult) outcome {
	o := outcome{Kind: "not found", Headers: http.Header{}}
	for _, header := range answer.Headers {
		o.Headers.Add(header[0], header[1])
	}
	location := o.Headers.Get("Location")
	switch {
	case answer.Error != "":
		return outcome{Kind: "error"}
	case answer.External != "":
		return outcome{Kind: "external", Location: withoutQuery(answer.External)}
	case answer.Redirect != "":
		return outcome{Kind: "redirect", Location: answer.Redirect}
	case answer.Status >= 300 && answer.Status < 400 && location != "":
		o = outcome{Kind: fmt.Sprint("redirect ", answer.Status), Location: withoutQuery(location), Query: queryOf(location)}
		return o
	case answer.Pathname == "":
		return o
	}
	o.Kind, o.Pathname, o.Path = "match", answer.Pathname, answer.Path
	o.Query, o.Params = map[string][]string{}, map[string]string{}
	for key, value := range answer.Query {
		if strings.HasPrefix(key, "nxtP") {
			continue
		}
		if list, ok := value.([]any); ok {
			for _, value := range list {
				o.Query[key] = append(o.Query[key], value.(string))
			}
			continue
		}
		o.Query[key] = []string{value.(string)}
	}
	for key, value := range answer.Matches {
		if name, found := strings.CutPrefix(key, "nxtP"); found {
			o.Params[name] = value
		}
	}
	return o
}

// ours brings a result into the same form. @next/routing decodes captures that
// go into a query, next start does not; nothing else here is encoded.
func ours(result *router.Result) outcome {
	switch result.Kind {
	case router.External:
		return outcome{Kind: "external", Location: withoutQuery(result.Location)}
	case router.Redirect:
		return outcome{Kind: fmt.Sprint("redirect ", result.Status), Location: withoutQuery(result.Location), Query: queryOf(result.Location)}
	case router.Asset, router.Output:
		o := outcome{Kind: "match", Pathname: result.Pathname, Path: result.Path, Headers: result.Header, Query: map[string][]string{}, Params: map[string]string{}}
		for _, pair := range result.Query {
			value, err := url.PathUnescape(pair.Value)
			if err != nil {
				value = pair.Value
			}
			o.Query[pair.Key] = append(o.Query[pair.Key], value)
		}
		for _, p := range result.Params {
			o.Params[p.Name] = p.Raw
		}
		return o
	case router.NotFound:
		return outcome{Kind: "not found", Headers: result.Header}
	}
	return outcome{Kind: result.Kind.String()}
}

func withoutQuery(location string) string {
	path, _, _ := strings.Cut(location, "?")
	return path
}

func queryOf(location string) map[string][]string {
	_, raw, _ := strings.Cut(location, "?")
	query := map[string][]string{}
	for _, pair := range router.ParseQuery(raw) {
		query[pair.Key] = append(query[pair.Key], pair.Value)
	}
	return query
}

// TestAgreesWithNextRouting resolves generated requests on generated tables
// with @next/routing and here. The tables keep off the points in
// TestDiffersFromNextRouting.
func TestAgreesWithNextRouting(t *testing.T) {
	random := rand.New(rand.NewPCG(16, 4))
	var tables []router.Table
	var reference []referenceTable
	for range 60 {
		table := generateTable(random)
		tables = append(tables, table)
		reference = append(reference, referenceOf(table))
	}
	var requests []*router.Request
	var questions []referenceRequest
	for i := range 3000 {
		n := i % len(tables)
		asked := generateRequest(random, n%3 == 0)
		requests = append(requests, asked)
		questions = append(questions, referenceAsk(n, asked))
	}
	answers := ask[referenceRequest, referenceResult](t, "resolve.js", reference, questions)
	routers := make([]*router.Router, len(tables))
	for i := range routers {
		routers[i] = newRouter(t, tables[i])
	}
	kinds := map[string]int{}
	for i, q := range questions {
		want, got := theirs(answers[i]), ours(resolve(t, routers[q.Table], requests[i], nil))
		kinds[want.Kind]++
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("table %d, %s %v (-@next/routing +ours):\n%s", q.Table, q.Target, q.Headers, diff)
		}
	}
	for _, kind := range []string{"match", "not found", "external", "redirect 308", "redirect 307"} {
		if kinds[kind] < 30 {
			t.Errorf("only %d requests were resolved as %s: %v", kinds[kind], kind, kinds)
		}
	}
}

// differences are the requests for site.json that @next/routing resolves in
// another way than next start, and why. Everything in siteVisits that is not
// here must agree, and everything here must differ.
var differences = map[string]string{
	"/old//x?b=1":                        "next start collapses repeated slashes before all else",
	`/a\b`:                               "and backslashes",
	"//evil.test/x":                      "likewise",
	`/\evil.test`:                        "likewise",
	"/_next/red":                         "redirects of the app leave /_next alone",
	"/ext/a%20b?q=1":                     "the request's query is merged into a redirect that has one",
	"/hq?a=1&a=a%20b":                    "conditions look at the last value of a key",
	"/hq?a=x%0d%0aSet-Cookie:%20y":       "values of conditions are anchored at both ends",
	"/bfq2/a/b?y=1":                      "a repeated parameter becomes a list of segments",
	"/bfq2?y=1":                          "an absent one is left out",
	"/fb/a%2Fb/b?x=q":                    "and captures are not decoded",
	"/fb":                                "as /bfq2",
	"/hw":                                "the name of a condition's key is its letters",
	"/hw2":                               "of two cookies of a name the first counts, and quotes are taken off",
	"/sp%20ace.txt":                      "files are found by their decoded names",
	"/%E6%97%A5%E6%9C%AC.txt":            "likewise",
	"/dir%2Ff.txt":                       "likewise",
	"/p%2541.txt":                        "likewise",
	"/sp%2520ace.txt":                    "likewise",
	"/p%41.txt":                          "and not by names that decode to another",
	"/404":                               "error pages are not found under their own names",
	"/500":                               "likewise",
	"/_error":                            "likewise",
	"/_not-found":                        "likewise",
	"/BLOG/a":                            "dynamic routes are case-sensitive",
	"/ECHO/a":                            "likewise",
	"/_next/image?url=%2Fa.png&w=1&q=75": "the image optimizer has an address",
	"/blog/%zz":                          "a parameter that cannot be decoded is a bad request",
	"/blog/%E0%A4%A":                     "likewise",
	"/blog/%ff":                          "likewise",
	"/é":                                 "HTTP forbids it, and Node answers 400",
	"/a b":                               "likewise",
	"/_next/data/BUILD/stat.json":        "data requests are resolved as pages to the end",
	"/_next/data/BUILD/index.json":       "likewise",
	"/_next/data/BUILD/city/berlin.json": "the data output of a dynamic page goes before its document",
	"/blog/a.segments/_tree.segment.rsc": "what was prerendered is known without an output of its own",
}

// TestDiffersFromNextRouting resolves all visits of site.json with
// @next/routing and holds the list of differences against them.
func TestDiffersFromNextRouting(t *testing.T) {
	table := site(t, "site.json")
	reference := referenceOf(table)
	for _, page := range table.Pages {
		for _, part := range page.Parts {
			if page.Template || page.Route == page.Pathname {
				reference.Pathnames = append(reference.Pathnames, part.Pathname)
			}
		}
	}
	reference.Routes.MiddlewareMatchers = []manifest.Route{}
	var questions []referenceRequest
	var visits []visit
	for _, v := range siteVisits {
		// A target that is no path cannot be put to it at all.
		if strings.HasPrefix(v.target, "/") {
			visits = append(visits, v)
			questions = append(questions, referenceAsk(0, request(v.target, v.headers...)))
		}
	}
	answers := ask[referenceRequest, referenceResult](t, "resolve.js", []referenceTable{reference}, questions)
	r := newRouter(t, table)
	differ := map[string]bool{}
	for i, v := range visits {
		want, got := theirs(answers[i]), ours(resolve(t, r, request(v.target, v.headers...), nil))
		want.Headers, got.Headers = nil, nil
		diff := cmp.Diff(want, got)
		if diff == "" {
			continue
		}
		differ[v.target] = true
		if differences[v.target] == "" {
			t.Errorf("%s %q (-@next/routing +ours):\n%s", v.target, v.headers, diff)
		}
	}
	for target := range differences {
		if !differ[target] {
			t.Errorf("%s does not differ", target)
		}
	}
}

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
	for _, name := range slices.Sorted(maps.Keys(map[string]string{"X-Flag": "", "Cookie": ""})) {
		values := map[string][]string{"X-Flag": {"on", "off", "x", ""}, "Cookie": {"c=v1", "d=1; c=v2", "c=x", ""}}[name]
		if value := values[random.IntN(len(values))]; value != "" {
			r.Header.Set(name, value)
		}
	}
	return r
}
