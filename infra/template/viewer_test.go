package template_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pack/infra/template"
)

// TestViewerFunction runs the CloudFront function as CloudFront calls it: the gateway
// learns the viewer's host, whatever the viewer says of it, and the names of parameters
// have nothing that a function URL refuses.
func TestViewerFunction(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/golden/storefront/" + template.RootName)
	if err != nil {
		t.Fatal(err)
	}
	var made struct {
		Resources struct {
			ViewerFunction struct{ Properties struct{ FunctionCode string } }
		}
	}
	if err := json.Unmarshal(raw, &made); err != nil {
		t.Fatal(err)
	}
	type value struct {
		Value string `json:"value"`
	}
	type request struct {
		Headers map[string]value           `json:"headers"`
		Query   map[string]json.RawMessage `json:"querystring"`
	}
	several := json.RawMessage(`{"value":"1","multiValue":[{"value":"1"},{"value":"2"}]}`)
	one := json.RawMessage(`{"value":"a/b"}`)
	sent, err := json.Marshal(map[string]any{"request": request{
		map[string]value{"host": {"shop.example"}, "x-forwarded-host": {"elsewhere.example"}},
		map[string]json.RawMessage{"where[id][in]": several, "/save": one, "next": one, "a%5Bb%5D": one, "x-y_z.~": one},
	}})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "node", "-e",
		`"use strict";`+made.Resources.ViewerFunction.Properties.FunctionCode+"process.stdout.write(JSON.stringify(handler("+string(sent)+")))")
	command.Stderr = os.Stderr
	answer, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got request
	if err := json.Unmarshal(answer, &got); err != nil {
		t.Fatal(err)
	}
	want := request{
		map[string]value{"host": {"shop.example"}, "x-forwarded-host": {"shop.example"}},
		map[string]json.RawMessage{"where%5Bid%5D%5Bin%5D": several, "%2Fsave": one, "next": one, "a%5Bb%5D": one, "x-y_z.~": one},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
