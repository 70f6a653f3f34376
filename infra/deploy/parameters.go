package deploy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pack/infra/release"
	"pack/infra/stack"
	"pack/infra/template"
	"pack/manifest"
)

// parametersOf gives the names of a template's parameters.
func parametersOf(body []byte) ([]string, error) {
	var document struct{ Parameters map[string]json.RawMessage }
	if err := json.Unmarshal(body, &document); err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	return slices.Sorted(maps.Keys(document.Parameters)), nil
}

// values are what the parameters of all stacks are given.
type values struct {
	distribution, certificate string
	secret                    *originSecret
	// gateway and worker are the versions that the stacks' aliases stay at.
	gateway, worker string
	// state and tags are the home stack's.
	state, tags string
}

// of gives the parameters of a region's template.
func (v *values) of(m *made, artifacts string) map[string]string {
	all := map[string]string{
		template.ParamArtifacts: artifacts, template.ParamDistribution: v.distribution, template.ParamCertificate: v.certificate,
		template.ParamGateway: v.gateway, template.ParamWorker: v.worker, template.ParamState: v.state, template.ParamTags: v.tags,
	}
	if v.secret != nil {
		all[template.ParamSecret], all[template.ParamOldSecret] = v.secret.Shown, v.secret.Other
	}
	maps.DeleteFunc(all, func(name, _ string) bool { return !slices.Contains(m.parameters, name) })
	return all
}

// given are the values that are part of versions, secrets as digests.
func (v *values) given() map[string]string {
	all := map[string]string{
		template.ParamDistribution: v.distribution, template.ParamState: v.state, template.ParamTags: v.tags,
	}
	if v.secret != nil {
		all[template.ParamSecret], all[template.ParamOldSecret] = secretDigest(v.secret.Shown), secretDigest(v.secret.Other)
	}
	return all
}

// configuration is a digest over what all versions of a deployment are made of: the
// logical ids of the versions, which have digests in them.
func configuration(all map[string]*made, given map[string]string) string {
	sum := sha256.New()
	fmt.Fprintln(sum, given)
	for _, region := range slices.Sorted(maps.Keys(all)) {
		unversioned := false
		for _, f := range all[region].Functions {
			fmt.Fprintln(sum, region, f.Name, f.Version)
			unversioned = unversioned || f.Version == ""
		}
		if unversioned {
			sum.Write(all[region].Files[0].Body) // which names the nested ones by their content
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}

// stayAt finds which versions CloudFormation is to leave the aliases at: those that it has
// given them itself. What it does not change, it does not take back either when the change
// fails; and it would take the aliases back to where it knows them, and not to the release
// that they have been pointed to since. In the first change after they were made, that is
// the version which the stack has.
func (t *Target) stayAt(ctx context.Context, home *stack.State, v *values) error {
	v.gateway, v.worker = "", ""
	if home == nil {
		return nil
	}
	v.gateway, v.worker = home.Parameters[template.ParamGateway], home.Parameters[template.ParamWorker]
	if v.gateway != "" && v.worker != "" {
		return nil
	}
	resources, err := t.stack(t.Home).Resources(ctx)
	if err != nil {
		return err
	}
	for _, r := range resources {
		if r.Type != "AWS::Lambda::Version" {
			continue
		}
		function, version, _ := strings.Cut(r.Physical[strings.LastIndex(r.Physical, ":function:")+len(":function:"):], ":")
		switch {
		case v.gateway == "" && function == manifest.LambdaName(t.prefix(), release.Gateway):
			v.gateway = version
		case v.worker == "" && function == manifest.LambdaName(t.prefix(), release.Worker):
			v.worker = version
		}
	}
	return nil
}
