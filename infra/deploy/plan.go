package deploy

import (
	"context"
	"maps"
	"slices"

	"pack/infra/account"
	"pack/infra/changes"
	"pack/infra/objects"
	"pack/infra/price"
	"pack/infra/stack"
	"pack/infra/template"
)

// Plan is what a deploy would do.
type Plan struct {
	// Deployment is the one that would be released, Active the release in
	// production, empty where none is.
	Deployment, Active string
	// URL is where the app is; empty where it is nowhere yet.
	URL     string
	Regions []RegionPlan
	// Assets are files that would be uploaded, Pages those that would be stored.
	Assets Uploads
	Pages  int
	// FloorUSD is what a month without traffic costs, by AWS's list prices.
	FloorUSD float64
	// Warnings are for the owner to read.
	Warnings []string
}

// RegionPlan is what would happen in a region.
type RegionPlan struct {
	Region string
	// Status is CloudFormation's of the stack; empty where there is none.
	Status string
	changes.Comparison
	// Retired are functions that stay for older releases alone, by name on AWS.
	Retired []string
	// Uploads are archives, layers and templates.
	Uploads Uploads
}

// Uploads are so many files and bytes.
type Uploads struct {
	Files int
	Bytes int64
}

func (u *Uploads) add(all []objects.Upload) {
	u.Files += len(all)
	for _, each := range all {
		u.Bytes += each.Size
	}
}

// Plan compares what is there with what a deploy would make. It changes nothing and
// makes nothing, so that who may only read can ask for it.
func (t *Target) Plan(ctx context.Context, p Package) (Plan, error) {
	plan, err := t.plan(ctx, &p)
	return plan, account.Explain(err)
}

func (t *Target) plan(ctx context.Context, p *Package) (Plan, error) {
	plan := Plan{Deployment: p.Output.Deployment().ID}
	home, err := t.stack(t.Home).State(ctx)
	if err != nil {
		return plan, err
	}
	regions := template.Regions(p.Output.Deployment())
	traffic, before, err := t.look(ctx, home, regions)
	if err != nil {
		return plan, err
	}
	plan.Active = traffic.Active
	v := values{}
	if home != nil {
		out := home.Outputs
		v.state, v.tags, v.distribution = out[template.OutputState], out[template.OutputTags], out[template.OutputDistribution]
		if plan.URL = template.Address(home.Outputs); !p.Pack.CDN.None {
			if v.secret, err = t.readSecret(ctx); err != nil {
				return plan, err
			}
		}
	}
	all, err := p.templates(t, before, v.given(), "")
	if err != nil {
		return plan, err
	}
	for _, region := range slices.Sorted(maps.Keys(all)) {
		r, err := t.planRegion(ctx, p, region, all[region])
		if err != nil {
			return plan, err
		}
		plan.Regions = append(plan.Regions, r)
	}
	plan.Warnings = warnings(all)
	if plan.FloorUSD, err = floor(p, all); err != nil {
		return plan, err
	}
	return plan, t.planFiles(ctx, p, home, &plan)
}

// warnings are those of all regions, each once.
func warnings(all map[string]*made) []string {
	var found []string
	for _, region := range slices.Sorted(maps.Keys(all)) {
		for _, w := range all[region].Warnings {
			if !slices.Contains(found, w) {
				found = append(found, w)
			}
		}
	}
	return found
}

// floor is the price of a month without traffic.
func floor(p *Package, all map[string]*made) (float64, error) {
	var f price.Footprint
	add := func(uploads []objects.Upload) {
		for _, u := range uploads {
			f.StoredBytes += u.Size
		}
	}
	add(p.assets())
	for region, m := range all {
		artifacts, err := p.artifacts(region, m)
		if err != nil {
			return 0, err
		}
		add(artifacts)
		f = f.Plus(m.Footprint)
	}
	list, err := price.Prices()
	if err != nil {
		return 0, err
	}
	items, err := list.Bill(f.Floor())
	if err != nil {
		return 0, err
	}
	usd, _ := price.Total(items)
	return usd, nil
}

func (t *Target) planRegion(ctx context.Context, p *Package, region string, m *made) (RegionPlan, error) {
	r := RegionPlan{Region: region}
	state, err := t.stack(region).State(ctx)
	if err != nil {
		return r, err
	}
	if state != nil {
		r.Status = state.Status
	}
	live, err := t.applied(ctx, region)
	if err != nil {
		return r, err
	}
	if r.Comparison, err = changes.Compare(live, m.bodies()); err != nil {
		return r, err
	}
	if r.Retired, err = m.retired(); err != nil {
		return r, err
	}
	uploads, err := p.artifacts(region, m)
	if err != nil {
		return r, err
	}
	bucket := t.artifacts(region)
	there, err := bucket.Exists(ctx)
	if err == nil && there {
		uploads, err = bucket.Missing(ctx, uploads)
	}
	r.Uploads.add(uploads)
	return r, err
}

// retired are the functions that are in the templates and not in the deployment.
func (m *made) retired() ([]string, error) {
	here := map[string]bool{}
	for _, f := range m.Functions {
		here[f.Function] = true
	}
	all, err := template.Flatten(m.bodies())
	var names []string
	for id, r := range all {
		if name, ok := r.Properties["FunctionName"].(string); ok && r.Type == "AWS::Lambda::Function" && !here[id] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, err
}

// bodies are the templates by the nested stacks' logical ids.
func (m *made) bodies() map[string][]byte {
	all := map[string][]byte{}
	for _, f := range m.Files {
		switch {
		case f.Name == template.RootName:
			all[""] = f.Body
		case f.Key != "":
			all[template.StackOf(f)] = f.Body
		}
	}
	return all
}

// planFiles counts the files and pages that a deploy would store.
func (t *Target) planFiles(ctx context.Context, p *Package, home *stack.State, plan *Plan) error {
	assets, seeded := p.assets(), false
	if home != nil && home.Outputs[template.OutputAssets] != "" {
		var err error
		if assets, err = t.bucket(home.Outputs[template.OutputAssets], t.Home).Missing(ctx, assets); err != nil {
			return err
		}
		mark := seedFolder + plan.Deployment + seedSuffix
		items, err := t.store(home).List(ctx, mark)
		if err != nil {
			return err
		}
		_, seeded = items[mark]
	}
	plan.Assets.add(assets)
	for _, page := range p.Output.Deployment().Pages {
		if page.Seed != nil && !seeded {
			plan.Pages++
		}
	}
	return nil
}
