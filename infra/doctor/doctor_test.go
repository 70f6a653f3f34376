package doctor_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"pack/infra/doctor"
	"pack/tests/cloudformation"
)

var shop = doctor.Place{
	Account: "123456789012", Prefix: "shop-production", Regions: []string{"eu-central-1", "us-east-1"},
	HostedZone: "Z123", WebACL: "arn:aws:wafv2:us-east-1:123456789012:global/webacl/shop/1",
}

// TestPolicyIsNarrow: no action is a pattern; a resource is this app's, by its
// name, or the statement says why it can be no narrower.
func TestPolicyIsNarrow(t *testing.T) {
	policy, err := doctor.NewPolicy(shop, doctor.AllTypes())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range policy.Statement {
		if len(s.Action) == 0 || len(s.Resource) == 0 {
			t.Errorf("%s allows nothing", s.Sid)
		}
		for _, a := range s.Action {
			if service, name, ok := strings.Cut(a, ":"); !ok || service == "" || name == "" || strings.ContainsAny(a, "*?") {
				t.Errorf("%s: the action %q", s.Sid, a)
			}
		}
		for _, r := range s.Resource {
			if r == "*" && s.Why != "" && len(s.Resource) == 1 {
				continue // TestPolicyAgainstIAM has asked whether it can be narrower
			}
			parts := strings.SplitN(r, ":", 6)
			if len(parts) != 6 || parts[0] != "arn" || parts[5] == "*" && s.Why == "" {
				t.Errorf("%s: the resource %q", s.Sid, r)
				continue
			}
			own := strings.Contains(parts[5], shop.Prefix) || strings.Contains(parts[5], shop.HostedZone) || r == shop.WebACL
			if !own && s.Why == "" {
				t.Errorf("%s: %q may be another app's, and nothing says why", s.Sid, r)
			}
			if parts[4] != shop.Account && parts[2] != "s3" && parts[2] != "route53" {
				t.Errorf("%s: %q is not bound to the account", s.Sid, r)
			}
			if strings.ContainsAny(r, "{}") {
				t.Errorf("%s: %q is not filled in", s.Sid, r)
			}
		}
	}
	parts, err := policy.Split()
	if err != nil {
		t.Fatal(err)
	}
	statements := 0
	for _, p := range parts {
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if statements += len(p.Statement); len(text) > 6144 {
			t.Errorf("a part has %d characters", len(text))
		}
		if strings.Contains(string(text), "Why") || strings.Contains(string(text), "makes up the ids") {
			t.Errorf("a reason is part of the policy: %s", text)
		}
	}
	if statements != len(policy.Statement) || len(parts) > 10 {
		t.Errorf("%d statements became %d in %d parts; a role takes 10 policies", len(policy.Statement), statements, len(parts))
	}
}

// TestPolicyCoversTemplates: there is no resource in a golden template that the
// policy does not know; one that an app has not is not in its policy.
func TestPolicyCoversTemplates(t *testing.T) {
	for _, file := range cloudformation.Goldens(t, "*/*.json") {
		types := cloudformation.Types(t, file)
		policy, err := doctor.NewPolicy(shop, types)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		has := slices.ContainsFunc(policy.Statement, func(s doctor.Statement) bool { return s.Sid == "Schedules" })
		if want := slices.Contains(types, "AWS::Scheduler::Schedule"); has != want {
			t.Errorf("%s: schedules are allowed: %v, and made: %v", file, has, want)
		}
	}
	if _, err := doctor.NewPolicy(shop, []string{"AWS::EC2::Instance"}); err == nil {
		t.Error("a type that nobody knows is taken")
	}
}

// TestQuotas asks a server that answers in Service Quotas' recorded shapes: moto
// knows no quotas of these services.
func TestQuotas(t *testing.T) {
	values := map[string]float64{"L-B99A9384": 10, "L-FE177D64": 1000, "L-2ACBD22F": 75}
	general := map[string]float64{"L-DC2B2D3D": 10000, "L-24B04930": 200}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ ServiceCode, QuotaCode string }
		_ = json.NewDecoder(r.Body).Decode(&asked)
		from := values
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "GetAWSDefaultServiceQuota") {
			from = general
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		value, ok := from[asked.QuotaCode]
		switch {
		case ok:
			_ = json.NewEncoder(w).Encode(map[string]any{"Quota": map[string]any{"ServiceCode": asked.ServiceCode, "QuotaCode": asked.QuotaCode, "Value": value}})
		case asked.ServiceCode == "cloudformation":
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"__type":"AccessDeniedException","Message":"not allowed"}`))
		default:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"__type":"NoSuchResourceException","Message":"no"}`))
		}
	}))
	defer server.Close()
	config := func(region string) aws.Config {
		return aws.Config{Region: region, BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	}
	found := map[string]doctor.Check{}
	for _, c := range doctor.Quotas(context.Background(), config, "eu-central-1", true, doctor.Size{Roles: 40, Functions: 40, StoredBytes: 1 << 30, CDN: true}) {
		found[c.Name] = c
	}
	for name, want := range map[string]doctor.State{
		"quota: concurrent executions, eu-central-1":                doctor.Failed,
		"quota: storage of functions and layers (GB), eu-central-1": doctor.OK,
		"quota: roles":                               doctor.OK,
		"quota: buckets":                             doctor.OK,
		"quota: CloudFront distributions":            doctor.OK,
		"quota: CloudFormation stacks, eu-central-1": doctor.Unknown,
	} {
		c, ok := found[name]
		if !ok || c.State != want || want != doctor.OK && c.Hint == "" {
			t.Errorf("%s is %+v, want %s", name, c, want)
		}
	}
	if len(found) != 6 {
		t.Errorf("checked were %v", found)
	}
	elsewhere := doctor.Quotas(context.Background(), config, "us-east-1", false, doctor.Size{CDN: true})
	if slices.ContainsFunc(elsewhere, func(c doctor.Check) bool { return c.Name == "quota: roles" }) {
		t.Error("the account's quotas are looked at once for each region")
	}
}

func TestRegions(t *testing.T) {
	checks := doctor.Regions([]string{"me-central-1", "eu-central-1"}, nil)
	if checks[0].State != doctor.Failed || !strings.Contains(checks[0].Found, "function URLs") || checks[0].Hint == "" || checks[1].State != doctor.OK {
		t.Errorf("regions are %+v", checks)
	}
	if c := doctor.Regions([]string{"me-central-1"}, []string{"me-central-1"}); c[0].State != doctor.Warning {
		t.Errorf("an allowed region is %+v", c)
	}
}
