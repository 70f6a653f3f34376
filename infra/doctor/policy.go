package doctor

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Place is what the policy of deploying is narrowed to.
type Place struct {
	// Account has twelve digits.
	Account string
	// Prefix is the app's and stage's name, with which the names of what is made
	// begin.
	Prefix string
	// Regions are the stacks', the home region first.
	Regions []string
	// HostedZone is pack.json's cdn.hostedZone, if any.
	HostedZone string
	// WebACL is the ARN of pack.json's cdn.webAcl, if any.
	WebACL string
}

// Policy is an IAM policy.
type Policy struct {
	Version   string
	Statement []Statement
}

// Statement allows actions.
type Statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string]any `json:",omitempty"`
	// Why says why the resource is no narrower; it is no part of the policy.
	Why string `json:"-"`
}

// NewPolicy gives what deploying takes that makes resources of these types: no
// action is a pattern, and resources are the app's, or Why says why not. sts:GetCallerIdentity, by
// which pack asks whose credentials it has, needs no permission. A type that is
// not known is an error: the policy would lack what it needs.
func NewPolicy(p Place, types []string) (*Policy, error) {
	known := map[string]bool{"AWS::CloudFormation::Stack": true, "AWS::S3::Bucket": true, "AWS::S3::BucketPolicy": true}
	policy := &Policy{Version: "2012-10-17"}
	for _, n := range needs {
		for _, t := range n.types {
			known[t] = true
		}
		if len(n.types) > 0 && !slices.ContainsFunc(n.types, func(t string) bool { return slices.Contains(types, t) }) {
			continue
		}
		s := Statement{Sid: n.sid, Effect: "Allow", Action: slices.Sorted(slices.Values(n.actions)), Resource: n.resources(p), Why: n.why}
		s.Resource = slices.Compact(slices.Sorted(slices.Values(s.Resource)))
		if n.condition != nil {
			s.Condition = map[string]map[string]any{}
			for operator, values := range n.condition {
				s.Condition[operator] = map[string]any{}
				for key, value := range values {
					if text, ok := value.(string); ok {
						value = fill(text, p.Regions[0], p)
					}
					s.Condition[operator][key] = value
				}
			}
		}
		policy.Statement = append(policy.Statement, s)
	}
	if p.WebACL != "" {
		policy.Statement = append(policy.Statement, Statement{Sid: "WebACL", Effect: "Allow", Action: each("wafv2", "GetWebACL"), Resource: []string{p.WebACL}})
	}
	for _, t := range types {
		if !known[t] {
			return nil, fmt.Errorf("no permission is known that making a %s needs", t)
		}
	}
	return policy, nil
}

// maxManaged is how many characters a managed policy may have, white space left
// out.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const maxManaged = 6144

// Split gives the policy in parts that each fit into a managed policy.
func (p *Policy) Split() ([]*Policy, error) {
	parts := []*Policy{{Version: p.Version}}
	for _, s := range p.Statement {
		last := parts[len(parts)-1]
		last.Statement = append(last.Statement, s)
		text, err := json.Marshal(last)
		if err != nil {
			return nil, err
		}
		if len(text) > maxManaged && len(last.Statement) > 1 {
			last.Statement = last.Statement[:len(last.Statement)-1]
			parts = append(parts, &Policy{Version: p.Version, Statement: []Statement{s}})
		}
	}
	return parts, nil
}

// AllTypes are those that some deployment makes: for a policy before anything is
// packed.
func AllTypes() []string {
	all := map[string]bool{}
	for _, n := range needs {
		for _, t := range n.types {
			all[t] = true
		}
	}
	return slices.SortedFunc(maps.Keys(all), cmp.Compare)
}
