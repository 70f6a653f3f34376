package template

import (
	"fmt"
	"maps"
	"slices"

	"pack/manifest"
)

// resource is one resource as CloudFormation has it.
type resource struct {
	Type string
	// DependsOn names resources that it does not refer to.
	DependsOn []string
	// Kept resources stay when they leave the template, once the operation that
	// made them has succeeded.
	Kept       bool
	Properties object
	// Region is where it must be when that is not the stack's.
	Region string
}

// parameter is what is given when the template is applied.
type parameter struct {
	Type, Description, Default, Pattern, Constraint string
	// Required ones have no default. Secret ones are not shown.
	Required, Secret bool
}

// output is what is shown of what was made.
type output struct {
	Description string
	Value       any
}

// stack is everything of one region, before it is split or translated.
type stack struct {
	o      *Options
	d      *manifest.Deployment
	region string
	atHome bool
	// purged: the CDN can be told what has changed.
	purged     bool
	resources  map[string]*resource
	parameters map[string]parameter
	outputs    map[string]output
	// routes are the ids of each route function's resources: what may be in a
	// nested stack.
	routes [][]string
	// shared: the route functions share a role and a log group, for there are
	// more of them than an account may have roles.
	shared bool
	// versioned: route functions have their versions in the template.
	versioned bool
	functions []Placed
	warnings  []string
}

// Placed says where a function is among the resources.
type Placed struct {
	// Name is the Deployment's, LambdaName the one on AWS.
	Name       string `json:"name"`
	LambdaName string `json:"lambdaName"`
	// Stack is the logical id of the nested stack that has it; empty for the
	// root.
	Stack string `json:"stack"`
	// Function and Version are logical ids; without Version, the version is to
	// be published when the template has been applied.
	Function string `json:"function"`
	Version  string `json:"version"`
}

// CloudFormation's and IAM's quotas.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	maxResources = 500
	maxBytes     = 1 << 20
	// maxOperation is how many resources the nested stacks of one may change at
	// once, less some for the root's own.
	maxOperation = 2500 - 100
	// maxRoles is of the 1,000 roles of an account what one app may take.
	maxRoles = 300
)

// newStack makes everything.
func newStack(o *Options, purged bool) (*stack, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &stack{
		o: o, d: o.Deployment, region: o.Region, purged: purged,
		resources: map[string]*resource{}, parameters: map[string]parameter{}, outputs: map[string]output{},
	}
	regions := Regions(s.d)
	if s.region == "" {
		s.region = regions[0]
	}
	if !slices.Contains(regions, s.region) {
		return nil, &manifest.UserError{
			What: fmt.Sprintf("nothing is deployed to %s", s.region), Where: "--region",
			Why: fmt.Sprintf("the functions are in %v", regions), Hint: "add it to pack.json's regions, or leave out --region",
		}
	}
	s.atHome = s.region == regions[0]
	routes := 0
	for _, f := range s.d.Functions {
		if f.Kind == manifest.RouteFunction && s.here(&f) {
			routes++
		}
	}
	s.shared = routes > maxRoles
	s.versioned = 2*routes <= maxOperation
	if routes > maxOperation {
		return nil, &manifest.UserError{
			What: fmt.Sprintf("there are %d route functions in %s", routes, s.region),
			Why:  fmt.Sprintf("CloudFormation changes %d resources at a time", maxOperation),
			Hint: `set "grouping": "auto" in pack.json: routes whose settings agree share a function`,
		}
	}
	s.addParameters()
	for _, step := range []func() error{s.addState, s.addQueues, s.addFunctions, s.addSchedules, s.addCDN, s.addAlarms} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// here reports whether a function is in the stack's region.
func (s *stack) here(f *manifest.Function) bool {
	if f.Kind == manifest.RouteFunction {
		return slices.Contains(f.Regions, s.region)
	}
	return s.atHome
}

func (s *stack) add(id string, r *resource) { s.resources[id] = r }

func (s *stack) warn(format string, args ...any) {
	s.warnings = append(s.warnings, fmt.Sprintf(format, args...))
}

// required are the parameters that have no default, by name.
func (s *stack) required() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(s.parameters)) {
		if s.parameters[name].Required {
			names = append(names, name)
		}
	}
	return names
}

// The parameters; ParamState and ParamTags are those of regions other than home.
const (
	ParamArtifacts    = "ArtifactBucket"
	ParamSecret       = "OriginSecret"
	ParamOldSecret    = "PreviousOriginSecret"
	ParamDistribution = "DistributionId"
	ParamGateway      = "ActiveGatewayVersion"
	ParamWorker       = "ActiveWorkerVersion"
	ParamCertificate  = "CertificateArn"
	ParamState        = idState
	ParamTags         = idTags
)

func (s *stack) addParameters() {
	s.parameters[ParamArtifacts] = parameter{
		Description: "Bucket of this region that has archives, layers and nested templates", Required: true,
		Pattern: "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", Constraint: "the name of a bucket",
	}
	if !s.atHome {
		s.parameters[idState] = parameter{Description: "Output StateBucketName of the stack in " + home(s.d), Required: true}
		s.parameters[idTags] = parameter{Description: "Output TagTableName of the stack in " + home(s.d), Required: true}
	}
	if s.o.CDN.None {
		return
	}
	s.parameters[ParamDistribution] = parameter{
		Description: "Output DistributionId of this stack; empty until there is one, since the distribution needs the gateway's URL first",
		Pattern:     "^[A-Z0-9]*$", Constraint: "the id of a CloudFront distribution, or empty",
	}
	if !s.atHome {
		return
	}
	const form = "32 to 128 letters, digits, hyphens and underscores"
	s.parameters[ParamSecret] = parameter{
		Description: "What CloudFront shows the gateway, which answers nobody else", Required: true, Secret: true,
		Pattern: "^[A-Za-z0-9_-]{32,128}$", Constraint: form,
	}
	s.parameters[ParamOldSecret] = parameter{
		Description: "The secret before, which the gateway takes as well while CloudFront changes over", Secret: true,
		Pattern: "^([A-Za-z0-9_-]{32,128})?$", Constraint: form + ", or empty",
	}
}
