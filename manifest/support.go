package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// AllowRegionsVariable names regions, separated by commas, that are taken
// although this pack's table says that they lack something: AWS adds to regions
// faster than pack is released.
const AllowRegionsVariable = "PACK_ALLOW_REGIONS"

// LackingHint is what to do about a region that lacks something.
const LackingHint = "take another region; if AWS has it there by now, set " + AllowRegionsVariable + " to the region's name"

// lack is something that some regions have not.
type lack struct {
	what string
	// home: only the region of gateway and state needs it.
	home    bool
	regions []string
	// source is where AWS says so, date the month of what was read there.
	source, date string
}

// lacks is what deployments need and what AWS says that some of awsRegions have
// not. What all of them have (Lambda on arm64, SQS FIFO queues, DynamoDB with
// recovery, EventBridge Scheduler) is not in it.
var lacks = []lack{
	{
		what: "Lambda function URLs", home: true,
		regions: []string{"ap-south-2", "ap-southeast-4", "ca-west-1", "eu-central-2", "eu-south-2", "il-central-1", "me-central-1"},
		source:  "https://docs.aws.amazon.com/lambda/latest/dg/lambda-urls.html", date: "2026-11",
	},
	{
		// AWS's page does not leave these out, and its list of resource types does.
		what: "Lambda function URLs in CloudFormation", home: true,
		regions: []string{"ap-east-2", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "mx-central-1"},
		source:  "https://github.com/aws-cloudformation/cfn-lint, version 1.51.0", date: "2026-05",
	},
}

// Lacking gives what a region lacks of what an app needs there; home is that of
// gateway and state.
func Lacking(region string, home bool) []string {
	var lacking []string
	for _, l := range lacks {
		if (home || !l.home) && slices.Contains(l.regions, region) {
			lacking = append(lacking, fmt.Sprintf("%s (%s, of %s)", l.what, l.source, l.date))
		}
	}
	return lacking
}

// checkRegions refuses regions that lack something, the first as home.
func (p *planner) checkRegions(regions []string, home bool, where string) error {
	for i, region := range regions {
		lacking := Lacking(region, home && i == 0)
		if len(lacking) == 0 || slices.Contains(p.settings.AllowRegions, region) {
			continue
		}
		return &UserError{
			What: fmt.Sprintf("region %s lacks %s", region, strings.Join(lacking, ", ")), Where: where,
			Why: "the gateway, which is in the first region, is reached by one", Hint: LackingHint,
		}
	}
	return nil
}
