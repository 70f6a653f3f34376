package manifest

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"path"
	"slices"
	"strings"
)

// addPages makes a Page of every group of prerenders. The first of a group is
// its primary: the HTML, or a route handler's body.
func (p *planner) addPages() error {
	var order []int
	groups := map[int][]*Prerender{}
	for i := range p.build.Outputs.Prerenders {
		r := &p.build.Outputs.Prerenders[i]
		if groups[r.GroupID] == nil {
			order = append(order, r.GroupID)
		}
		groups[r.GroupID] = append(groups[r.GroupID], r)
		p.deployment.App.BypassToken = cmp.Or(p.deployment.App.BypassToken, r.Config.BypassToken)
	}
	for _, id := range order {
		page, err := p.page(groups[id])
		if err != nil {
			return fmt.Errorf("plan page %s: %w", groups[id][0].Pathname, err)
		}
		p.deployment.Pages = append(p.deployment.Pages, *page)
	}
	slices.SortStableFunc(p.deployment.Pages, func(a, b Page) int { return strings.Compare(a.Pathname, b.Pathname) })
	return nil
}

func (p *planner) page(group []*Prerender) (*Page, error) {
	primary := group[0]
	parent := p.parents[primary.ParentOutputID]
	if parent == nil {
		return nil, fmt.Errorf("its parent output %s is missing", primary.ParentOutputID)
	}
	page := &Page{
		Pathname: primary.Pathname, Kind: parent.Type, Function: p.functionOf[parent.ID],
		Template:   isTemplate(primary.Pathname),
		AllowQuery: primary.Config.AllowQuery, BypassFor: primary.Config.BypassFor,
		PartiallyStatic: primary.Config.RenderingMode == "PARTIALLY_STATIC",
		Completable:     primary.RouteType == "fallback",
		PartialFallback: primary.Config.PartialFallback,
	}
	source := parent.SourcePage
	page.Route = parent.ID
	if parent.Type == "PAGES" {
		page.Route = fromPagePath(parent.ID)
		source = page.Route
	}
	page.Key = p.cacheKey(page, source, primary)
	if page.Template {
		page.NotFound = p.closed(primary)
	}
	for _, r := range group {
		part, err := p.part(page, primary, r)
		if err != nil {
			return nil, err
		}
		page.Parts = append(page.Parts, part)
	}
	page.Seed = p.seed(group)
	if tag, ok := KeyTag(page.Key); ok && page.Seed != nil && !page.Template {
		page.Seed.Tags = append(page.Seed.Tags, tag)
	}
	if page.Seed != nil && page.Kind == "PAGES" && page.Seed.Status == 404 && page.Route != "/404" {
		// getStaticProps answered notFound: the file is that of the error page.
		page.Seed.NotFound = true
	}
	return page, nil
}

// cacheKey is Next's getRouteCacheKey; a template's ends before its address
// (docs/01-app/03-api-reference/05-config/01-next-config-js/
// incrementalCacheHandlerPath.md). Where the build wrote a file, the key is
// that file's name.
func (p *planner) cacheKey(page *Page, source string, primary *Prerender) string {
	space := fmt.Sprintf("/route-cache/%s/%x/$", page.Kind, sha256.Sum256([]byte(source)))
	if page.Template {
		return space
	}
	if primary.Fallback != nil {
		name, ok := relative(slash(p.build.DistDir)+"/server", primary.Fallback.FilePath)
		if ok && strings.HasPrefix("/"+name, space+"/") {
			return "/" + strings.TrimSuffix(name, path.Ext(name))
		}
	}
	return space + pagePath(withoutBase(primary.Pathname, p.build.Config.BasePath))
}

// closed says whether a template's addresses that the build did not render do
// not exist (dynamicParams = false, fallback: false). Next then routes to the
// template only with draft mode's cookie, which is what the routing table
// shows; without a rule, its rendered siblings say so.
func (p *planner) closed(template *Prerender) bool {
	pathname := withoutLocale(withoutBase(template.Pathname, p.build.Config.BasePath), p.build.Config.I18n)
	for _, rule := range p.build.Routing.DynamicRoutes {
		if rule.Source == pathname {
			return slices.ContainsFunc(rule.Has, func(c Condition) bool {
				return c.Type == "cookie" && c.Key == "__prerender_bypass"
			})
		}
	}
	for _, r := range p.build.Outputs.Prerenders {
		if r.Route == template.Route && string(r.ParentFallbackMode) == "false" {
			return pathname == template.Route
		}
	}
	return false
}

// tagsHeader holds a rendered page's tags; it is the platform's and never
// leaves it.
const tagsHeader = "x-next-cache-tags"

func (p *planner) part(page *Page, primary, r *Prerender) (Part, error) {
	part := Part{Pathname: r.Pathname}
	rsc, base := p.build.Routing.RSC, p.build.Config.BasePath
	segments := base + pagePath(withoutBase(primary.Pathname, base)) + rsc.PrefetchSegmentDirSuffix
	switch {
	case r == primary && page.Kind == "APP_ROUTE":
		part.Name = "body"
	case r == primary:
		part.Name = "html"
	case rsc.PrefetchSegmentDirSuffix != "" && strings.HasPrefix(r.Pathname, segments+"/"):
		part.Name = "segment:" + strings.TrimSuffix(strings.TrimPrefix(r.Pathname, segments), rsc.PrefetchSegmentSuffix)
	case strings.HasPrefix(withoutBase(r.Pathname, base), "/_next/data/"):
		part.Name = "data"
	case rsc.Suffix != "" && strings.HasSuffix(r.Pathname, rsc.Suffix):
		part.Name = "rsc"
	default:
		return Part{}, fmt.Errorf("%s is neither its RSC, data nor segment form", r.Pathname)
	}
	f := r.Fallback
	if f == nil {
		return part, nil
	}
	for name, values := range f.InitialHeaders {
		if strings.EqualFold(name, tagsHeader) {
			continue
		}
		if part.Headers == nil {
			part.Headers = map[string][]string{}
		}
		part.Headers[strings.ToLower(name)] = values
	}
	if f.FilePath != "" {
		static, ok := p.build.Static[f.FilePath]
		if !ok {
			return Part{}, fmt.Errorf("%s was not measured", f.FilePath)
		}
		part.File = addressed(static.Digest)
		p.plan.SeedSources[part.File] = f.FilePath
	}
	return part, nil
}

// seed gives what the build says of the group's render; nil when it rendered
// nothing.
func (p *planner) seed(group []*Prerender) *Seed {
	if !slices.ContainsFunc(group, func(r *Prerender) bool { return r.Fallback != nil && r.Fallback.FilePath != "" }) {
		return nil
	}
	s := &Seed{Status: 200}
	if f := group[0].Fallback; f != nil {
		s.Status = cmp.Or(f.InitialStatus, 200)
		s.Revalidate, s.Expire = f.InitialRevalidate.pointer(), f.InitialExpiration.pointer()
	}
	for _, r := range group {
		if r.Fallback == nil {
			continue
		}
		s.Postponed = cmp.Or(s.Postponed, r.Fallback.PostponedState)
		if s.Created == 0 {
			s.Created = p.build.Static[r.Fallback.FilePath].Modified
		}
		if s.Tags == nil {
			s.Tags = tagsOf(r.Fallback.InitialHeaders)
		}
	}
	return s
}

func tagsOf(headers map[string]stringOrSet) (tags []string) {
	for name, values := range headers {
		if !strings.EqualFold(name, tagsHeader) {
			continue
		}
		for _, v := range values {
			for tag := range strings.SplitSeq(v, ",") {
				if tag != "" && !slices.Contains(tags, tag) {
					tags = append(tags, tag)
				}
			}
		}
	}
	return tags
}
