package changes_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pack/infra/changes"
)

// resources is a template, written as a map of resources.
type resources map[string]resource

type resource struct {
	Type           string
	DeletionPolicy string         `json:",omitempty"`
	Properties     map[string]any `json:",omitempty"`
}

func templates(t *testing.T, root resources) map[string][]byte {
	t.Helper()
	if root == nil {
		return nil
	}
	text, err := json.Marshal(map[string]any{"Resources": root})
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"": text}
}

type properties = map[string]any

func function(name, code string, memory int, variables properties) resource {
	return resource{Type: "AWS::Lambda::Function", Properties: properties{
		"FunctionName": name, "Code": properties{"S3Key": code}, "MemorySize": memory, "Timeout": 30, "Architectures": []string{"arm64"},
		"Environment": properties{"Variables": variables},
	}}
}

// layered gives a function layers, by their logical ids.
func layered(r resource, ids ...string) resource {
	var layers []any
	for _, id := range ids {
		layers = append(layers, properties{"Ref": id})
	}
	r.Properties["Layers"] = layers
	return r
}

func role(name string, statements ...any) resource {
	return resource{Type: "AWS::IAM::Role", Properties: properties{"RoleName": name, "Policies": []any{properties{"PolicyDocument": properties{"Statement": statements}}}}}
}

func allowing(action string, on any) any { return properties{"Action": action, "Resource": on} }

// TestCompare: what an owner reads of each kind of change.
func TestCompare(t *testing.T) {
	arn := properties{"Fn::GetAtt": []string{"StateBucket", "Arn"}}
	for name, c := range map[string]struct {
		before, after resources
		want          []string
		republished   int
	}{
		"nothing is there yet": {
			after: resources{"F": function("cart", "a", 1024, nil), "R": role("cart", allowing("s3:GetObject", arn))},
			want:  []string{"add function cart: 1024 MB, 30 s, arm64", "add iam R: + s3:GetObject on {StateBucket}"},
		},
		"the same": {
			before: resources{"F": function("cart", "a", 1024, properties{"A": "1"})},
			after:  resources{"F": function("cart", "a", 1024, properties{"A": "1"})},
		},
		"what every deploy changes": {
			before: resources{
				"F": layered(function("gateway", "a", 1024, properties{"PACK_RELEASE": "1"}), "LayerRuntimeArm64A", "LayerDeploymentA"), "V1": {Type: "AWS::Lambda::Version"},
				"L1": {Type: "AWS::Lambda::LayerVersion"}, "A": {Type: "AWS::Lambda::Alias", Properties: properties{"FunctionVersion": "V1"}},
			},
			after: resources{
				"F": layered(function("gateway", "a", 1024, properties{"PACK_RELEASE": "2"}), "LayerRuntimeArm64A", "LayerDeploymentB"), "V2": {Type: "AWS::Lambda::Version"},
				"L2": {Type: "AWS::Lambda::LayerVersion"}, "A": {Type: "AWS::Lambda::Alias", Properties: properties{"FunctionVersion": "V2"}},
			},
			republished: 1,
		},
		"another program": {
			before: resources{"F": layered(function("gateway", "a", 1024, nil), "LayerRuntimeArm64A", "LayerDeploymentA")},
			after:  resources{"F": layered(function("gateway", "a", 1024, nil), "LayerRuntimeArm64B", "LayerDeploymentB")},
			want:   []string{"change function gateway: pack's program"},
		},
		"values of variables are not shown": {
			before: resources{"F": function("cart", "a", 1024, properties{"KEPT": "1", "CHANGED": "secret-1", "GONE": "secret-2"})},
			after:  resources{"F": function("cart", "b", 2048, properties{"KEPT": "1", "CHANGED": "secret-3", "NEW": "secret-4"})},
			want:   []string{"change function cart: code, variable CHANGED, - variable GONE, + variable NEW, memory 1024 → 2048 MB"},
		},
		"a permission more and one less": {
			before: resources{"R": role("cart", allowing("s3:GetObject", arn))},
			after:  resources{"R": role("cart", allowing("s3:PutObject", arn))},
			want:   []string{"change iam R: + s3:PutObject on {StateBucket}, - s3:GetObject on {StateBucket}"},
		},
		"another name is another function": {
			before: resources{"F": function("cart", "a", 1024, nil)},
			after:  resources{"F": function("basket", "a", 1024, nil)},
			want:   []string{"replace function basket: FunctionName"},
		},
		"who may invoke": {
			before: resources{"P": {Type: "AWS::Lambda::Permission", Properties: properties{"Action": "lambda:InvokeFunction", "SourceArn": "one"}}},
			after:  resources{"P": {Type: "AWS::Lambda::Permission", Properties: properties{"Action": "lambda:InvokeFunction", "SourceArn": "two"}}},
			want:   []string{"replace iam P: SourceArn"},
		},
		"another key of the table": {
			before: resources{"T": {Type: "AWS::DynamoDB::Table", Properties: properties{"KeySchema": "tag"}}},
			after:  resources{"T": {Type: "AWS::DynamoDB::Table", Properties: properties{"KeySchema": "path"}}},
			want:   []string{"replace state T: KeySchema"},
		},
		"a time to live of the table": {
			before: resources{"T": {Type: "AWS::DynamoDB::Table", Properties: properties{"KeySchema": "tag"}}},
			after:  resources{"T": {Type: "AWS::DynamoDB::Table", Properties: properties{"KeySchema": "tag", "TimeToLiveSpecification": true}}},
			want:   []string{"change state T: TimeToLiveSpecification"},
		},
		"another type": {
			before: resources{"X": {Type: "AWS::SQS::Queue"}},
			after:  resources{"X": {Type: "AWS::DynamoDB::Table"}},
			want:   []string{"replace state X: AWS::SQS::Queue becomes AWS::DynamoDB::Table"},
		},
		"data stays": {
			before: resources{"B": {Type: "AWS::S3::Bucket", DeletionPolicy: "Retain"}, "Q": {Type: "AWS::SQS::Queue", Properties: properties{"QueueName": "jobs"}}},
			after:  resources{},
			want:   []string{"delete state B: leaves the stack and stays in the account", "delete queue jobs: "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := changes.Compare(templates(t, c.before), templates(t, c.after))
			if err != nil {
				t.Fatal(err)
			}
			var told []string
			for _, each := range got.Changes {
				told = append(told, fmt.Sprintf("%s %s %s: %s", each.Action, each.Area, each.Name, strings.Join(each.Details, ", ")))
				if lost := strings.HasPrefix(told[len(told)-1], "replace") || strings.HasPrefix(told[len(told)-1], "delete"); lost != each.Lost() {
					t.Errorf("%s: what is there now goes: %v", told[len(told)-1], each.Lost())
				}
			}
			if diff := cmp.Diff(c.want, told); diff != "" || got.Republished != c.republished {
				t.Errorf("%d are republished\n%s", got.Republished, diff)
			}
		})
	}
}

// TestCompareMoved: a function that is in a nested stack is the one that was there,
// and what the root gives the nested stack is what it has.
func TestCompareMoved(t *testing.T) {
	before := map[string][]byte{
		"":         []byte(`{"Resources": {"Routes01": {"Type": "AWS::CloudFormation::Stack", "Properties": {"Parameters": {"RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}}}}}}`),
		"Routes01": []byte(`{"Parameters": {"RoleArn": {"Type": "String"}}, "Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "cart", "Role": {"Ref": "RoleArn"}}}}}`),
	}
	after := map[string][]byte{"": []byte(`{"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "cart", "Role": {"Fn::GetAtt": ["Role", "Arn"]}}}}}`)}
	got, err := changes.Compare(before, after)
	if err != nil || len(got.Changes) != 0 || got.Republished != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := changes.Compare(before, map[string][]byte{"": []byte("no template")}); err == nil {
		t.Error("what is no template was compared")
	}
}
