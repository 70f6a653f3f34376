package manifest_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"pack/manifest"
	"pack/tests/cloudformation"
)

// ofAWS asks botocore which regions the commercial partition has and which of them
// have the services that every app needs, and cfn-lint which resource types
// CloudFormation has in each.
const ofAWS = `
import json, os, sys
import botocore
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
with open(os.path.join(os.path.dirname(botocore.__file__), "data", "endpoints.json")) as file:
    partition = json.load(file)["partitions"][0]
services = {name: sorted(partition["services"][name]["endpoints"]) for name in json.load(sys.stdin)}
types = {region: sorted(PROVIDER_SCHEMA_MANAGER.get_resource_types(region)) for region in partition["regions"]}
json.dump({"regions": sorted(partition["regions"]), "services": services, "types": types}, sys.stdout)
`

// TestRegionsAgainstAWS holds the table of regions, and that of what some lack,
// against AWS's own data, as botocore and cfn-lint carry it.
func TestRegionsAgainstAWS(t *testing.T) {
	t.Parallel()
	needed := []string{"cloudformation", "dynamodb", "lambda", "logs", "monitoring", "s3", "scheduler", "sqs", "ssm"}
	text, err := json.Marshal(needed)
	if err != nil {
		t.Fatal(err)
	}
	ask := exec.CommandContext(t.Context(), "python3", "-P", "-c", ofAWS)
	ask.Stdin = strings.NewReader(string(text))
	out, err := ask.Output()
	if err != nil {
		t.Fatalf("botocore and cfn-lint 1.51.0 are not on this machine (pip install botocore cfn-lint==1.51.0): %v", err)
	}
	var aws struct {
		Regions         []string
		Services, Types map[string][]string
	}
	if err := json.Unmarshal(out, &aws); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(manifest.AWSRegions, aws.Regions) {
		t.Errorf("regions are %q; AWS has %q", manifest.AWSRegions, aws.Regions)
	}
	home := cloudformation.Types(t, cloudformation.Goldens(t, "*/template.json")...)
	others := cloudformation.Types(t, cloudformation.Goldens(t, "shop-elsewhere/template.json")...)
	for _, region := range manifest.AWSRegions {
		for _, service := range needed {
			if !slices.Contains(aws.Services[service], region) {
				t.Errorf("%s has no %s", region, service)
			}
		}
		missing := func(types []string) []string {
			return slices.DeleteFunc(slices.Clone(types), func(kind string) bool { return slices.Contains(aws.Types[region], kind) })
		}
		if lacks, told := missing(home), manifest.Lacking(region, true); (len(lacks) > 0) != (len(told) > 0) {
			t.Errorf("CloudFormation has no %q in %s, and its owner is told %q", lacks, region, told)
		}
		if lacks, told := missing(others), manifest.Lacking(region, false); (len(lacks) > 0) != (len(told) > 0) {
			t.Errorf("of routes alone, CloudFormation has no %q in %s, and its owner is told %q", lacks, region, told)
		}
	}
}
