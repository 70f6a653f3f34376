package deploy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"pack/infra/release"
	"pack/infra/template"
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
	// gateway and worker are the versions that stay in use while the stacks change.
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

// inUse asks which versions visitors get now.
func (t *Target) inUse(ctx context.Context, v *values) (err error) {
	if v.gateway, err = t.aliases().Version(ctx, release.Gateway); err != nil {
		return err
	}
	v.worker, err = t.aliases().Version(ctx, release.Worker)
	return err
}
