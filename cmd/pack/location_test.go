package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pack/infra/template"
	"pack/tests/awsservers"
)

// TestLocation: commands that change a deployment and those that look at it mean the
// same stage and home region.
func TestLocation(t *testing.T) {
	moto := awsservers.Moto(t)
	config := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(config, []byte("[profile work]\nregion = eu-north-1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	regions, vercel := `{"regions":["dub1","us-west-2"]}`, `{"regions":["hnd1"]}`
	for _, c := range []struct {
		name         string
		pack, vercel string
		env          map[string]string
		args         []string
		stage, home  string
	}{
		{name: "nothing says", stage: "production", home: "us-east-1"},
		{name: "the profile", env: map[string]string{"AWS_PROFILE": "work"}, stage: "production", home: "eu-north-1"},
		{name: "the environment", env: map[string]string{"AWS_PROFILE": "work", "AWS_REGION": "eu-west-3"}, stage: "production", home: "eu-west-3"},
		{name: "vercel.json", vercel: vercel, env: map[string]string{"AWS_REGION": "eu-west-3"}, stage: "production", home: "ap-northeast-1"},
		{name: "pack.json", pack: regions, vercel: vercel, env: map[string]string{"AWS_REGION": "eu-west-3"}, stage: "production", home: "eu-west-1"},
		{name: "flags", pack: regions, args: []string{"--stage", "staging", "--region", "fra1"}, stage: "staging", home: "eu-central-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			app := bareApp(t, "located")
			for name, text := range map[string]string{"pack.json": c.pack, "vercel.json": c.vercel} {
				if text == "" {
					continue
				}
				if err := os.WriteFile(filepath.Join(app, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for name, value := range map[string]string{
				"AWS_CONFIG_FILE": config, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_PROFILE": c.env["AWS_PROFILE"],
				"AWS_REGION": c.env["AWS_REGION"], "AWS_DEFAULT_REGION": "",
				"AWS_ENDPOINT_URL": moto.Endpoint, "AWS_ACCESS_KEY_ID": awsservers.AccessKey, "AWS_SECRET_ACCESS_KEY": awsservers.SecretKey,
			} {
				t.Setenv(name, value)
			}
			pack := func(command ...string) (stdout, stderr string, code int) {
				var out, err bytes.Buffer
				code = run(t.Context(), append(append(append([]string{"pack"}, command...), c.args...), app), streams{out: &out, err: &err})
				return out.String(), err.String(), code
			}
			_, said, _ := pack("deployments")
			if want := "located-" + c.stage + " is not deployed in " + c.home; !strings.Contains(said, want) {
				t.Errorf("pack deployments does not say %q: %s", want, said)
			}
			policy, said, code := pack("doctor", "--policy", "--account", "123456789012")
			if want := "arn:aws:cloudformation:" + c.home + ":123456789012:stack/located-" + c.stage; code != 0 || !strings.Contains(policy, want) {
				t.Errorf("the policy does not name %s: %d %s\n%.600s", want, code, said, policy)
			}
		})
	}
}

// TestNoSuchProfile: where the app names its regions, doctor lists the missing profile
// among what it found; where it does not, nobody knows the region.
func TestNoSuchProfile(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_PROFILE": "absent", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_REGION": "", "AWS_DEFAULT_REGION": "",
	} {
		t.Setenv(name, value)
	}
	app := bareApp(t, "located")
	doctor := func() (found string, said string) {
		var out, err bytes.Buffer
		if code := run(t.Context(), []string{"pack", "doctor", app}, streams{out: &out, err: &err}); code == 0 {
			t.Errorf("pack doctor finds nothing wrong: %s", &out)
		}
		return out.String(), err.String()
	}
	const absent = `there is no AWS profile "absent"`
	if found, said := doctor(); found != "" || !strings.Contains(said, absent) {
		t.Errorf("without regions: %s\n%s", found, said)
	}
	if err := os.WriteFile(filepath.Join(app, "pack.json"), []byte(`{"regions":["fra1"]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if found, said := doctor(); !strings.Contains(found, absent) || !strings.Contains(found, "eu-central-1") {
		t.Errorf("with regions: %s\n%s", found, said)
	}
}

// TestAppName: names that AWS takes are made of all that packages have, and two packages
// do not get one because their names begin alike.
func TestAppName(t *testing.T) {
	seen := map[string]string{}
	for _, c := range []struct{ of, want string }{
		{"shop", "shop"}, {"@acme/Shop", "shop"}, {"my_shop.v2", "my-shop-v2"}, {"2nd-shop-", "nd-shop"}, {"sixteen-letters1", "sixteen-letters1"},
		{"acme-storefront-web", "acme-stor-ef5c69"}, {"acme-storefront-admin", ""}, {strings.Repeat("shop-", 12), ""}, {"@acme/storefront-of-shoes", ""}, {"@other/storefront-of-shoes", ""},
	} {
		got, err := appName(bareApp(t, c.of), "")
		if err != nil || template.CheckNames(got, "production") != nil || c.want != "" && got != c.want {
			t.Errorf("%s is %q, %v; want %q", c.of, got, err, c.want)
		}
		if seen[got] != "" && c.want == "" {
			t.Errorf("%s and %s are both %q", c.of, seen[got], got)
		}
		seen[got] = c.of
	}
}

// TestStageIsNamed: a stage that cannot be is refused before anything is built, and one
// that is empty, as an unset variable leaves it, does not mean production.
func TestStageIsNamed(t *testing.T) {
	app := bareApp(t, "staged") // where Next.js is not installed, which a build would find
	for _, c := range []struct {
		args []string
		code int
		said string
	}{
		{[]string{"deploy", "--stage", "feature/cart"}, 1, `the stage "feature/cart" cannot be`},
		{[]string{"plan", "--stage", "Production"}, 1, `the stage "Production" cannot be`},
		{[]string{"deploy", "--stage="}, 2, "--stage is empty"},
		{[]string{"destroy", "--yes", "--stage", ""}, 2, "--stage is empty"},
		{[]string{"rollback", "--stage", ""}, 2, "--stage is empty"},
		{[]string{"template", "--stage", ""}, 2, "--stage is empty"},
		{[]string{"revalidate", "--stage", "", "--tag", "a"}, 2, "--stage is empty"},
		{[]string{"promote", "--region", "", "abc"}, 2, "--region is empty"},
	} {
		var out, err bytes.Buffer
		code := run(t.Context(), append(append([]string{"pack"}, c.args...), app), streams{out: &out, err: &err})
		if code != c.code || !strings.Contains(err.String(), c.said) || out.Len() > 0 {
			t.Errorf("%q: status %d, %s%s", c.args, code, &out, &err)
		}
	}
}
