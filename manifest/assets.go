package manifest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// addAssets lists what is served as it is: Next's static files and the public
// folder.
func (p *planner) addAssets() error {
	seen := map[string]string{}
	base := p.build.Config.BasePath
	for _, s := range p.build.Outputs.StaticFiles {
		pathname, source := s.Pathname, "static"
		if strings.EqualFold(path.Ext(slash(s.FilePath)), ".html") && !strings.HasSuffix(pathname, ".html") {
			source = "page"
			pathname = withBase(p.pageAddress(withoutBase(pathname, base)), base)
		}
		a, err := p.asset(pathname, s.FilePath, source)
		if err != nil {
			return err
		}
		a.Immutable = s.ImmutableHash != "" || p.hashedAddress(withoutBase(pathname, base))
		if seen[pathname] != "" {
			continue // Next lists error pages by locale, some twice
		}
		seen[pathname] = s.FilePath
		p.deployment.Assets = append(p.deployment.Assets, a)
	}
	for _, f := range p.build.Public {
		pathname := withBase(f.Pathname, base)
		if other := seen[pathname]; other != "" || p.pathnames[pathname] {
			return &UserError{
				What: "a public file and a page have the same address", Where: "public" + f.Pathname,
				Why: fmt.Sprintf("%s would be served in place of the page", pathname), Hint: "rename one of them",
			}
		}
		a, err := p.asset(pathname, f.Source, "public")
		if err != nil {
			return err
		}
		seen[pathname] = f.Source
		p.deployment.Assets = append(p.deployment.Assets, a)
	}
	slices.SortFunc(p.deployment.Assets, func(a, b Asset) int { return strings.Compare(a.Pathname, b.Pathname) })
	return nil
}

// pageAddress gives the address of an automatically static or exported page
// from the name that Next gives its file: /index is /, and an exported
// /about/index.html is /about.
func (p *planner) pageAddress(pathname string) string {
	if p.build.Config.Output != "export" {
		return fromPagePath(pathname)
	}
	if at := strings.TrimSuffix(pathname, "/index"); at != "" {
		return at
	}
	return "/"
}

func (p *planner) asset(pathname, file, source string) (Asset, error) {
	static, ok := p.build.Static[file]
	if !ok {
		return Asset{}, fmt.Errorf("plan assets: %s was not measured", file)
	}
	a := Asset{Pathname: pathname, File: addressed(static.Digest), Size: static.Size, Digest: static.Digest, Source: source}
	p.plan.AssetSources[a.File] = file
	return a, nil
}

// addressed gives the name of a content-addressed file, two letters of its
// digest being a folder.
func addressed(digest string) string { return digest[:2] + "/" + digest }

// hashedAddress says whether Next marks the address as immutable: its onMatch
// rule for /_next/static (next/dist/build/adapter/build-complete.js).
func (p *planner) hashedAddress(pathname string) bool {
	rest, ok := strings.CutPrefix(pathname, "/_next/static/")
	if !ok {
		return false
	}
	parts := strings.Split(rest, "/")
	if len(parts) < 2 {
		return false
	}
	switch parts[0] {
	case "pages", "chunks", "immutable", "runtime", "css", "image", "media", p.build.BuildID:
		return true
	}
	return len(parts) > 2 && parts[1] == "pages"
}
