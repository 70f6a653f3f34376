package template

import (
	"maps"
	"slices"
)

// Types are those of the resources that a deployment makes in all its regions,
// as CloudFormation calls them. Options need neither region nor layers.
func Types(o Options) ([]string, error) {
	all := map[string]bool{"AWS::Lambda::LayerVersion": true}
	o.DeploymentLayer = digest("")
	for _, f := range o.Deployment.Functions {
		for _, name := range []string{LayerRuntime, LayerImages} {
			// What is in a layer makes no difference to its type.
			o.Layers = append(o.Layers, Layer{Name: name, Architecture: f.Architecture, Digest: digest(name)})
		}
	}
	for _, region := range Regions(o.Deployment) {
		o.Region = region
		s, err := newStack(&o, true)
		if err != nil {
			return nil, err
		}
		for _, r := range s.resources {
			all[r.Type] = true
		}
	}
	return slices.Sorted(maps.Keys(all)), nil
}
