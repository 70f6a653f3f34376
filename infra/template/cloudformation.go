package template

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"pack/infra/price"
)

// File is a template as it is written.
type File struct {
	// Name is a file name; the root's is RootName.
	Name string
	// Key is where the bucket of artifacts must have a nested template; empty
	// for those that are applied themselves.
	Key  string
	Body []byte
}

// What the templates that are applied themselves are called. CertificateName's
// is applied in us-east-1, and its output given to the root's parameter
// CertificateArn.
const (
	RootName        = "template.json"
	CertificateName = "certificate.json"
)

// CloudFormation is a deployment as CloudFormation templates.
type CloudFormation struct {
	// Files are the root first, then others by name.
	Files []File
	// Functions are those of the region, by name.
	Functions []Placed
	// Parameters are the root's that have no default, by name.
	Parameters []string
	// Footprint is what costs without traffic, stored bytes left out.
	Footprint price.Footprint
	// Warnings are for the owner to read.
	Warnings []string
}

// NewCloudFormation makes the templates of one region. What AWS cannot do is a
// *manifest.UserError.
func NewCloudFormation(o Options) (*CloudFormation, error) {
	s, err := newStack(&o, true)
	if err != nil {
		return nil, fmt.Errorf("make template: %w", err)
	}
	c := &CloudFormation{Warnings: s.warnings, Footprint: s.footprint()}
	others, err := s.elsewhere()
	if err != nil {
		return nil, err
	}
	nested, err := s.split()
	if err != nil {
		return nil, fmt.Errorf("make template: %w", err)
	}
	root, err := s.encode("pack: "+o.prefix()+", "+s.region, slices.Sorted(maps.Keys(s.resources)), s.outputs)
	if err != nil {
		return nil, err
	}
	if len(s.resources) > maxResources || len(root) > maxBytes {
		return nil, fmt.Errorf("make template: %d resources and %d bytes are left when all route functions are in nested stacks", len(s.resources), len(root))
	}
	c.Files = append(append([]File{{Name: RootName, Body: root}}, others...), nested...)
	c.Functions, c.Parameters = s.functions, s.required()
	return c, nil
}

// footprint counts what costs by being there.
func (s *stack) footprint() price.Footprint {
	var f price.Footprint
	for _, r := range s.resources {
		switch r.Type {
		case "AWS::CloudWatch::Alarm":
			f.Alarms++
		case "AWS::CloudWatch::Dashboard":
			f.Dashboards++
		case "AWS::Lambda::EventSourceMapping":
			f.Queues++
		}
	}
	if s.resources[idRefresh] != nil {
		f.Queues, f.FIFOQueues = f.Queues-1, 1
	}
	return f
}

// elsewhere takes out what must be in another region: the certificate.
func (s *stack) elsewhere() ([]File, error) {
	r := s.resources[idCertificate]
	if r == nil || r.Region == s.region {
		return nil, nil
	}
	outputs := map[string]output{ParamCertificate: {"For the parameter " + ParamCertificate + " of the app's stack", ref(idCertificate)}}
	body, err := s.encode("pack: certificate of "+s.o.prefix()+", "+r.Region, []string{idCertificate}, outputs)
	if err != nil {
		return nil, err
	}
	delete(s.resources, idCertificate)
	s.parameters[ParamCertificate] = parameter{
		Description: "Output CertificateArn of the stack in " + r.Region, Required: true,
		Pattern: "^arn:aws[a-z-]*:acm:us-east-1:.*$", Constraint: "the ARN of a certificate in us-east-1",
	}
	for id, other := range s.resources {
		s.resources[id].Properties = eachReference(other.Properties, func(id, _ string, whole object) any {
			if id == idCertificate {
				return ref(ParamCertificate)
			}
			return whole
		}).(object)
	}
	return []File{{Name: CertificateName, Body: body}}, nil
}

// document is a template's JSON, in the order in which people write them.
type document struct {
	Version     string                  `json:"AWSTemplateFormatVersion"`
	Description string                  `json:"Description"`
	Parameters  map[string]object       `json:"Parameters,omitempty"`
	Conditions  map[string]object       `json:"Conditions,omitempty"`
	Resources   map[string]resourceJSON `json:"Resources"`
	Outputs     map[string]object       `json:"Outputs,omitempty"`
}

type resourceJSON struct {
	Type                string   `json:"Type"`
	DependsOn           []string `json:"DependsOn,omitempty"`
	DeletionPolicy      string   `json:"DeletionPolicy,omitempty"`
	UpdateReplacePolicy string   `json:"UpdateReplacePolicy,omitempty"`
	Properties          object   `json:"Properties,omitempty"`
}

// encode writes some of the resources as a template, with the parameters and
// conditions that they use.
func (s *stack) encode(description string, ids []string, outputs map[string]output) ([]byte, error) {
	d := document{
		Version: "2010-09-09", Description: description,
		Parameters: map[string]object{}, Conditions: map[string]object{}, Resources: map[string]resourceJSON{}, Outputs: map[string]object{},
	}
	use := func(value any) any {
		eachCondition(value, func(condition string) {
			name := parameterOf(condition)
			d.Conditions[condition] = object{"Fn::Not": list{object{"Fn::Equals": list{ref(name), ""}}}}
			d.Parameters[name] = s.parameters[name].cloudFormation()
		})
		return eachReference(value, func(id, _ string, whole object) any {
			if p, ok := s.parameters[id]; ok {
				d.Parameters[id] = p.cloudFormation()
			}
			return whole
		})
	}
	for _, id := range ids {
		r := s.resources[id]
		out := resourceJSON{Type: r.Type, DependsOn: r.DependsOn, Properties: use(r.Properties).(object)}
		if r.Kept {
			// What a stack that failed has made goes with it: it is empty, and in
			// the way of the next attempt.
			out.DeletionPolicy, out.UpdateReplacePolicy = "RetainExceptOnCreate", "Retain"
		}
		d.Resources[id] = out
	}
	for id, o := range outputs {
		d.Outputs[id] = object{"Description": o.Description, "Value": use(o.Value)}
	}
	return encodeIndented(d)
}

func (p parameter) cloudFormation() object {
	out := object{"Type": "String", "Description": p.Description}
	if !p.Required {
		out["Default"] = p.Default
	}
	if p.Secret {
		out["NoEcho"] = true
	}
	if p.Pattern != "" {
		out["AllowedPattern"] = p.Pattern
		out["ConstraintDescription"] = p.Constraint
	}
	return out
}

func encodeIndented(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(v)
	return b.Bytes(), err
}

func digestOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
