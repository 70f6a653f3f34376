package tests_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pack/manifest"
)

// TestOneChangedLine changes one line of one route of many: functions of all
// others, prerendered pages and what browsers load stay what they were, and a
// page of the deployment before can still call its action.
func TestOneChangedLine(t *testing.T) {
	app := filepath.Join(root, "one-changed-line")
	files := map[string]string{
		"next.config.js": "module.exports = {}",
		"app/layout.js":  "export default function Layout({ children }) { return <html><body>{children}</body></html> }",
		// Rendered on demand: what an action closes over is encrypted anew each time.
		"app/page.js": `import { redirect } from 'next/navigation'
export const dynamic = 'force-dynamic'
export default function Page() {
  const secret = 'closed over'
  async function act(data) { 'use server'; redirect('/said?' + new URLSearchParams({ secret, word: data.get('word') })) }
  return <form action={act}><input name="word" /></form>
}`,
		"app/client/page.js": "'use client'\nexport default function Page() { return <p onClick={() => console.log('first')}>client</p> }",
		"app/draft/route.js": "import { draftMode } from 'next/headers'\nexport async function GET() { (await draftMode()).enable(); return new Response('on') }",
	}
	for n := range 6 {
		files[fmt.Sprintf("app/page%d/page.js", n)] = fmt.Sprintf("export default function Page() { return <p>page %d</p> }", n)
		files[fmt.Sprintf("app/api/%d/route.js", n)] = fmt.Sprintf("export const dynamic = 'force-dynamic'\nexport const GET = () => new Response('first %d')", n)
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join("nextjs", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	for name, text := range files {
		writeSource(t, filepath.Join(app, name), text)
	}
	if err := install(app); err != nil {
		t.Fatal(err)
	}
	first := packJSON(t, app)
	before := servePack(t, app, "--no-build")
	page := before.must(t, get("/"), http.StatusOK).body
	form := hiddenFields(page)
	if len(form) == 0 {
		t.Fatalf("the page has no form of an action: %s", page)
	}
	draft := before.must(t, get("/draft"), http.StatusOK).header.Get("Set-Cookie")
	flight := before.must(t, get("/page1?_rsc", "Rsc: 1"), http.StatusOK).header.Get("X-Nextjs-Deployment-Id")
	if flight == "" || !strings.Contains(page, fmt.Sprintf("data-dpl-id=%q", flight)) {
		t.Errorf("the deployment is %q to the router, and the page says %.200s", flight, page)
	}
	if err := before.stop(); err != nil {
		t.Error(err)
	}

	// On the server alone: the route.
	writeSource(t, filepath.Join(app, "app/api/3/route.js"), strings.ReplaceAll(files["app/api/3/route.js"], "first", "second"))
	second := packJSON(t, app)
	if changed, want := second.since(first), []string{second.function(t, "/api/3")}; !slices.Equal(changed, want) {
		t.Errorf("one changed route changed the functions %v, want %v", changed, want)
	}
	if d := cmp.Diff(first.contents, second.contents); d != "" {
		t.Errorf("assets and seeds changed:\n%s", d)
	}
	after := servePack(t, app, "--no-build", "--fresh")
	if said := after.must(t, get("/api/3"), http.StatusOK).body; said != "second 3" {
		t.Errorf("the changed route says %q", said)
	}
	if again := after.must(t, get("/page1?_rsc", "Rsc: 1"), http.StatusOK).header.Get("X-Nextjs-Deployment-Id"); again != flight {
		t.Errorf("browsers run the same, and the deployment is called %q and not %q: they would load every page anew", again, flight)
	}
	answer := after.must(t, post("/", multipart(append(form, [2]string{"word", "old"})...), formType, "Origin: "+after.url), http.StatusSeeOther)
	if to := answer.header.Get("Location"); !strings.Contains(to, "secret=closed+over") || !strings.Contains(to, "word=old") {
		t.Errorf("the action of the deployment before leads to %q", to)
	}
	if again := after.must(t, get("/draft"), http.StatusOK).header.Get("Set-Cookie"); again != draft {
		t.Errorf("the draft cookie was %q and is %q", draft, again)
	}
	if err := after.stop(); err != nil {
		t.Error(err)
	}

	// In what browsers run: they must learn of it, and other functions need not.
	writeSource(t, filepath.Join(app, "app/client/page.js"), strings.ReplaceAll(files["app/client/page.js"], "first", "second"))
	third := packJSON(t, app)
	if changed, want := third.since(second), []string{third.function(t, "/client")}; !slices.Equal(changed, want) {
		t.Errorf("one changed component changed the functions %v, want %v", changed, want)
	}
	last := servePack(t, app, "--no-build", "--fresh")
	for _, path := range []string{"/page1", "/page1?_rsc"} {
		a := last.must(t, get(path, "Rsc: "+map[bool]string{true: "1"}[strings.Contains(path, "_rsc")]), http.StatusOK)
		if strings.Contains(a.body, flight) || a.header.Get("X-Nextjs-Deployment-Id") == flight {
			t.Errorf("browsers run something else, and %s names the deployment as before", path)
		}
	}
}

// packed is what `pack build --json` prints.
type packed struct {
	Deployment struct{ Dir string }
	Functions  []struct {
		Name, Digest string
		Routes       []string
	}
	contents []string
}

// since gives the functions whose archives are others than in an earlier build.
func (p *packed) since(earlier *packed) []string {
	digests := map[string]string{}
	for _, f := range earlier.Functions {
		digests[f.Name] = f.Digest
	}
	var changed []string
	for _, f := range p.Functions {
		if digests[f.Name] != f.Digest {
			changed = append(changed, f.Name)
		}
	}
	return changed
}

func (p *packed) function(t *testing.T, route string) string {
	t.Helper()
	for _, f := range p.Functions {
		if slices.Contains(f.Routes, route) {
			return f.Name
		}
	}
	t.Fatalf("no function has %s: %v", route, p.Functions)
	return ""
}

func packJSON(t *testing.T, app string) *packed {
	t.Helper()
	cmd := packCommand(app, "build", "--json")
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("pack build: %v\n%s", err, said.String())
	}
	p := &packed{}
	if err := json.Unmarshal(out, p); err != nil {
		t.Fatal(err)
	}
	p.contents = contents(t, p.Deployment.Dir)
	return p
}

// contents lists a deployment's assets and seeds, which are named by content.
func contents(t *testing.T, deployment string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(deployment, "deployment.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d manifest.Deployment
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range d.Assets {
		names = append(names, a.Pathname+" "+a.Digest)
	}
	for _, page := range d.Pages {
		for _, part := range page.Parts {
			names = append(names, part.Pathname+" "+part.File)
		}
	}
	if len(names) < 20 {
		t.Fatalf("assets and seeds are only %v", names)
	}
	return names
}

func writeSource(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
