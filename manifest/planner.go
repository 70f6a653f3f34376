package manifest

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// planner holds what the steps of NewPlan share.
type planner struct {
	build      *Build
	settings   Settings
	plan       *Plan
	deployment *Deployment
	files      map[string][]File
	// regions are the default ones.
	regions []string
	// functionOf maps an output's ID to its function, parents to the output.
	functionOf map[string]string
	parents    map[string]*RouteOutput
	// pathnames are those of Deployment.Outputs.
	pathnames map[string]bool
	// matched are the keys of settings that some route met.
	matched map[string]bool
}

// NewPlan plans a deployment. It is pure: the same Build and Settings give the
// same Plan, and a byte-identical Deployment. The Build must be measured. What
// AWS cannot do is a *UserError that names the route, the value and the limit.
func NewPlan(b *Build, s Settings) (*Plan, error) {
	if !b.Measured {
		return nil, errors.New("plan deployment: the build was not measured")
	}
	p := &planner{
		build: b, settings: s, files: map[string][]File{},
		functionOf: map[string]string{}, parents: map[string]*RouteOutput{},
		pathnames: map[string]bool{}, matched: map[string]bool{},
	}
	p.deployment = &Deployment{
		Schema: DeploymentSchema, BuildID: b.BuildID, NextVersion: b.NextVersion, Routing: b.Routing,
		Functions: []Function{}, Outputs: []Output{}, Pages: []Page{}, Assets: []Asset{},
	}
	p.plan = &Plan{
		Deployment: p.deployment, Files: p.files,
		AssetSources: map[string]string{}, SeedSources: map[string]string{},
	}
	for _, step := range []func() error{
		p.checkSettings, p.addApp, p.addFunctions, p.addPages, p.addAssets, p.addWebhooks, p.addJobs, p.addCrons, p.warnings,
	} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("plan deployment: %w", err)
		}
	}
	if err := p.identify(); err != nil {
		return nil, fmt.Errorf("plan deployment: %w", err)
	}
	return p.plan, nil
}

func (p *planner) warn(format string, args ...any) {
	p.plan.Warnings = append(p.plan.Warnings, fmt.Sprintf(format, args...))
}

// checkSettings checks what holds for all routes, and finds the default
// regions.
func (p *planner) checkSettings() error {
	s := p.settings
	if s.Pack.MaxDuration != 0 {
		if err := checkMaxDuration(s.Pack.MaxDuration, "pack.json: maxDuration"); err != nil {
			return err
		}
	}
	if s.Pack.Memory != 0 {
		if err := checkMemory(s.Pack.Memory, "pack.json: memory"); err != nil {
			return err
		}
	}
	if s.Pack.Gateway.Memory != 0 {
		if err := checkMemory(s.Pack.Gateway.Memory, "pack.json: gateway.memory"); err != nil {
			return err
		}
	}
	where, err := p.settleRegions()
	if err != nil {
		return err
	}
	return p.checkRegions(p.regions, true, where)
}

// settleRegions finds the regions where nothing is said of a route, and where they
// are said.
func (p *planner) settleRegions() (where string, err error) {
	s := p.settings
	home := []string{cmp.Or(s.DefaultRegion, DefaultRegion)}
	names, where := home, "the default region"
	switch {
	case len(s.Pack.Regions) > 0:
		names, where = s.Pack.Regions, "pack.json: regions"
	case len(s.Vercel.Regions) > 0:
		names, where = s.Vercel.Regions, "vercel.json: regions"
	}
	if home, err = resolveRegions(home, home, "the default region"); err != nil {
		return where, err
	}
	p.regions, err = resolveRegions(names, home, where)
	return where, err
}

// addApp fills in the app's part of the Deployment.
func (p *planner) addApp() error {
	c := p.build.Config
	project, ok := relative(p.build.RepoRoot, p.build.ProjectDir)
	if !ok {
		return fmt.Errorf("the app %s lies outside the repository %s", p.build.ProjectDir, p.build.RepoRoot)
	}
	dist, ok := relative(p.build.ProjectDir, p.build.DistDir)
	if !ok || dist == "." {
		return &UserError{
			What: "distDir is not a folder inside the app", Where: "next.config: distDir", Why: "it is " + p.build.DistDir + ", and the app is " + p.build.ProjectDir,
			Hint: "set distDir to a folder of the app",
		}
	}
	p.deployment.App = App{
		ProjectDir: project, DistDir: dist, BasePath: c.BasePath, AssetPrefix: c.AssetPrefix,
		TrailingSlash: c.TrailingSlash, PoweredBy: c.PoweredByHeader, GenerateETags: c.GenerateEtags,
		ExpireTime: c.ExpireTime, StaleTime: c.StaleTime, SkipProxyURLNormalize: c.SkipProxyURLNormalize,
		SkipTrailingSlashRedirect: c.SkipTrailingSlashRedirect, CaseSensitiveRoutes: c.CaseSensitiveRoutes,
		CacheComponents: c.CacheComponents, I18n: c.I18n, DeploymentID: c.DeploymentID, Images: c.Images,
		DataCache: p.settings.Pack.DataCache,
	}
	return nil
}

// addFunctions makes the functions, and lists the outputs that they answer.
func (p *planner) addFunctions() error {
	units, err := p.makeUnits()
	if err != nil {
		return err
	}
	p.build.EachRoute(func(o *RouteOutput) { p.parents[o.ID] = o })
	if err := p.group(units); err != nil {
		return err
	}
	if err := p.addGateway(units); err != nil {
		return err
	}
	p.addWorker(units)
	if c := p.build.Config; c.Output != "export" && c.Images.Loader == "default" && !c.Images.Unoptimized {
		p.deployment.Functions = append(p.deployment.Functions, Function{
			Name: "image", Kind: ImageFunction, MaxDuration: DefaultImageDuration, Memory: DefaultImageMemory,
			Architecture: cmp.Or(p.settings.Pack.Architecture, ARM64), Regions: p.regions,
		})
		p.files["image"] = []File{}
	}
	slices.SortFunc(p.deployment.Functions, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(p.deployment.Outputs, func(a, b Output) int { return strings.Compare(a.Pathname, b.Pathname) })
	return nil
}

// addGateway makes the gateway. It waits for the functions that it calls, so
// it may take as long as the slowest of them.
func (p *planner) addGateway(units []*unit) error {
	f := Function{
		Name: "gateway", Kind: GatewayFunction, MaxDuration: 30,
		Memory:       cmp.Or(p.settings.Pack.Gateway.Memory, DefaultGatewayMemory),
		Architecture: cmp.Or(p.settings.Pack.Architecture, ARM64), Regions: p.regions,
	}
	for _, u := range units {
		f.MaxDuration = max(f.MaxDuration, u.maxDuration)
	}
	var sources []*SourceFile
	var documents []File
	if o := p.build.Outputs.Middleware; o != nil {
		var entry Entry
		var err error
		if entry, documents, err = p.entryOf(o); err != nil {
			return err
		}
		where := "proxy"
		if o.Source != "" {
			where = o.Source
		}
		sources, f.Entries = p.filesOf([]*RouteOutput{o}), []Entry{entry}
		f.Environment = maps.Clone(p.settings.Pack.Environment)
		if err := checkEnvironment(f.Environment, where); err != nil {
			return err
		}
		var pkg string
		if f.Architecture, pkg, err = chooseArchitecture(sources, p.settings.Pack.Architecture, where); err != nil {
			return err
		}
		if pkg != "" {
			p.warn("%s runs on x86_64: %s has no binary for Linux on arm64", where, pkg)
		}
	}
	files, err := p.archive(sources, documents)
	if err != nil {
		return err
	}
	if err := checkSize(files, p.settings.LayerSize, "the gateway"); err != nil {
		return err
	}
	p.deployment.Functions = append(p.deployment.Functions, f)
	p.files[f.Name] = files
	return nil
}

// warnings collects what the owner should know.
func (p *planner) warnings() error {
	for _, setting := range p.build.Replaced {
		switch setting {
		case "cacheHandler":
			p.warn("next.config's cacheHandler is not used: pack has its own, shared by all functions")
		case "output":
			p.warn("next.config's output: 'standalone' is not used: pack takes what each route needs from the build itself")
		default:
			p.warn("next.config's %s is not used: pack sets it", setting)
		}
	}
	for _, s := range strangers(p.build.Files) {
		p.warn("%s was compiled for Node.js %s and cannot be loaded on AWS, where functions run Node.js 24: install and build with that", s[0], s[1])
	}
	for _, key := range slices.Sorted(maps.Keys(p.settings.Pack.Functions)) {
		if !p.matched[key] {
			p.warn("pack.json: functions[%q] matches no route", key)
		}
	}
	for _, f := range p.settings.Vercel.Functions {
		if !p.matched["vercel "+f.Glob] {
			p.warn("vercel.json: functions[%q] matches no file that a function is made from", f.Glob)
		}
	}
	return nil
}

// identify makes the Deployment's ID from everything that it serves.
func (p *planner) identify() error {
	h := sha256.New()
	document, err := Encode(p.deployment)
	if err != nil {
		return err
	}
	h.Write(document)
	var line []byte
	for _, name := range slices.Sorted(maps.Keys(p.files)) {
		for _, f := range p.files[name] {
			line = strconv.AppendUint(line[:0], uint64(f.Mode), 8)
			for _, text := range []string{name, f.Name, f.Link, f.Hash} {
				line = append(append(line, 0), text...)
			}
			h.Write(append(line, '\n'))
		}
	}
	p.deployment.ID = fmt.Sprintf("%x", h.Sum(nil))[:20]
	return nil
}
