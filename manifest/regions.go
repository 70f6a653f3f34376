package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// vercelRegions maps the three-letter-plus-digit names that preferredRegion
// and vercel.json use to AWS regions; both companies name the same places.
var vercelRegions = map[string]string{
	"arn1": "eu-north-1", "bom1": "ap-south-1", "cdg1": "eu-west-3", "cle1": "us-east-2",
	"cpt1": "af-south-1", "dub1": "eu-west-1", "dxb1": "me-central-1", "fra1": "eu-central-1",
	"gru1": "sa-east-1", "hkg1": "ap-east-1", "hnd1": "ap-northeast-1", "iad1": "us-east-1",
	"icn1": "ap-northeast-2", "kix1": "ap-northeast-3", "lhr1": "eu-west-2", "pdx1": "us-west-2",
	"sfo1": "us-west-1", "sin1": "ap-southeast-1", "syd1": "ap-southeast-2", "yul1": "ca-central-1",
}

// awsRegions are the regions of AWS's commercial partition that have Lambda on
// arm64 and x86_64.
var awsRegions = []string{
	"af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
	"ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4",
	"ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-central-1", "ca-west-1", "eu-central-1",
	"eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3",
	"il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1", "us-east-1", "us-east-2",
	"us-west-1", "us-west-2",
}

// Regions are those of what the settings say nothing else of, by the settings alone:
// first the home region, that of gateway and state. Whether AWS has all there that
// pack needs is for NewPlan to say.
func Regions(s Settings) ([]string, error) {
	p := &planner{settings: s}
	_, err := p.settleRegions()
	return p.regions, err
}

// resolveRegions gives AWS names for the names of a setting, in order and each
// once. "auto", "global" and "home" stand for the default regions: on AWS a
// function is everywhere only where it is put.
func resolveRegions(names, defaults []string, where string) ([]string, error) {
	var regions []string
	add := func(r string) {
		if !slices.Contains(regions, r) {
			regions = append(regions, r)
		}
	}
	for _, name := range names {
		switch name {
		case "auto", "global", "home":
			for _, r := range defaults {
				add(r)
			}
			continue
		}
		region, err := resolveRegion(name, where)
		if err != nil {
			return nil, err
		}
		add(region)
	}
	return regions, nil
}

// RegionNames gives AWS's names for those of a setting or flag, which where
// names in an error.
func RegionNames(names []string, where string) ([]string, error) {
	return resolveRegions(names, []string{DefaultRegion}, where)
}

func resolveRegion(name, where string) (string, error) {
	if r, ok := vercelRegions[name]; ok {
		return r, nil
	}
	if slices.Contains(awsRegions, name) {
		return name, nil
	}
	e := &UserError{
		What: fmt.Sprintf("region %q is not known", name), Where: where,
		Why: "a region is an AWS name such as eu-central-1 or a Vercel name such as fra1",
	}
	if near := nearRegions(name); len(near) > 0 {
		e.Hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return "", e
}

// nearRegions gives up to three names that are spelled almost like name.
func nearRegions(name string) []string {
	names := slices.Clone(awsRegions)
	for n := range vercelRegions {
		names = append(names, n)
	}
	slices.Sort(names)
	limit := max(1, len(name)/3)
	var near []string
	for d := 0; d <= limit && len(near) < 3; d++ {
		for _, n := range names {
			if len(near) < 3 && distance(strings.ToLower(name), n) == d {
				near = append(near, n)
			}
		}
	}
	return near
}

// distance is the number of inserted, removed and changed bytes between two
// names.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
