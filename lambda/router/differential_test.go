package router_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
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
