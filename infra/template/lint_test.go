package template_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pack/infra/template"
	"pack/tests/cloudformation"
)

// templates are the golden ones, and the root and a nested one of 2,000 routes.
func templates(t *testing.T) []string {
	t.Helper()
	paths := slices.Concat(goldenFiles(t, template.RootName), goldenFiles(t, template.CertificateName))
	made, err := template.NewCloudFormation(many(2000))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range made.Files[:2] {
		path := filepath.Join(dir, f.Name)
		if err := os.WriteFile(path, f.Body, 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// TestLint has cfn-lint read the templates. Nothing is ignored.
func TestLint(t *testing.T) {
	t.Parallel()
	const version = "1.51.0"
	if had, err := exec.Command("cfn-lint", "--version").CombinedOutput(); err != nil || !strings.Contains(string(had), version) {
		t.Fatalf("cfn-lint %s is not on this machine (pip install cfn-lint==%s): %s", version, version, had)
	}
	if out, err := exec.CommandContext(t.Context(), "cfn-lint", templates(t)...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestValidate has AWS's own models read them, strictly. Of what they only
// remark on (I…): names are create-only, tags are the stack's.
func TestValidate(t *testing.T) {
	t.Parallel()
	dir := cloudformation.Install(t, "cloudformation")
	arguments := append([]string{filepath.Join(dir, "validate.js")}, templates(t)...)
	if out, err := exec.CommandContext(t.Context(), "node", arguments...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestTerraform has Terraform and AWS's provider read the configurations.
func TestTerraform(t *testing.T) {
	t.Parallel()
	mirror, err := providerMirror()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	settings := filepath.Join(dir, "terraformrc")
	text := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror)
	if err := os.WriteFile(settings, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range goldenFiles(t, "main.tf.json") {
		name := filepath.Base(filepath.Dir(path))
		at := filepath.Join(dir, name)
		if err := os.CopyFS(at, os.DirFS(filepath.Dir(path))); err != nil {
			t.Fatal(err)
		}
		for _, arguments := range [][]string{{"init", "-input=false", "-no-color"}, {"validate", "-no-color"}} {
			run := exec.CommandContext(t.Context(), "terraform", arguments...)
			run.Dir = at
			run.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+settings, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1")
			if out, err := run.CombinedOutput(); err != nil {
				t.Errorf("%s: terraform %s: %v\n%s", name, arguments[0], err, out)
				break
			}
		}
	}
}

// providerMirror finds the folder that has AWS's provider as Terraform lays it
// out: MIRROR/registry.terraform.io/hashicorp/aws/VERSION/….
func providerMirror() (string, error) {
	if _, err := exec.LookPath("terraform"); err != nil {
		return "", fmt.Errorf("terraform is not on this machine: install it, and the provider hashicorp/aws 5.100.0 into a folder of TF_PLUGIN_MIRROR")
	}
	home, _ := os.UserHomeDir()
	for _, mirror := range []string{
		os.Getenv("TF_PLUGIN_MIRROR"), "/opt/tf-plugins", "/usr/share/terraform/plugins", "/usr/local/share/terraform/plugins",
		filepath.Join(home, ".terraform.d", "plugins"),
	} {
		found, err := filepath.Glob(filepath.Join(mirror, "*", "hashicorp", "aws", "*", "*", "terraform-provider-aws*"))
		if mirror != "" && err == nil && len(found) > 0 {
			return mirror, nil
		}
	}
	return "", fmt.Errorf("AWS's Terraform provider is not on this machine: put hashicorp/aws 5.100.0 into a folder and name it in TF_PLUGIN_MIRROR")
}
