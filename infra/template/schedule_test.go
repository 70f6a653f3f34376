package template_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pack/infra/template"
	"pack/lambda/jobs"
	"pack/manifest"
)

func TestExpressions(t *testing.T) {
	for _, c := range []struct {
		schedule string
		want     []string
	}{
		{"0 5 * * *", []string{"cron(0 5 * * ? *)"}},
		{"* * * * *", []string{"cron(* * * * ? *)"}},
		{"*/15 * * * *", []string{"cron(0,15,30,45 * * * ? *)"}},
		{"*/1 * * * *", []string{"cron(* * * * ? *)"}},
		{"5/20 * * * *", []string{"cron(5,25,45 * * * ? *)"}},
		{"0 9-17/4 * * *", []string{"cron(0 9,13,17 * * ? *)"}},
		{"0 0 1,15 * *", []string{"cron(0 0 1,15 * ? *)"}},
		// Sunday is 0 for cron and 1 for AWS.
		{"0 0 * * 0", []string{"cron(0 0 ? * 1 *)"}},
		{"0 0 * * 1-5", []string{"cron(0 0 ? * 2-6 *)"}},
		{"0 0 * * 6,0", []string{"cron(0 0 ? * 7,1 *)"}},
		{"0 0 * 2-4 */2", []string{"cron(0 0 ? 2-4 1,3,5,7 *)"}},
		{"0 0 * * 0-6", []string{"cron(0 0 * * ? *)"}},
		// Either kind of day counts, which AWS has no expression for.
		{"0 0 13 * 5", []string{"cron(0 0 13 * ? *)", "cron(0 0 ? * 6 *)"}},
	} {
		got, err := template.Expressions(c.schedule)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", c.schedule, err, diff)
		}
	}
	for _, wrong := range []string{"", "* * * *", "60 * * * *", "* * 0 * *", "* * * * 7", "a * * * *", "1-a * * * *", "*/0 * * * *", "5-1 * * * *"} {
		if got, err := template.Expressions(wrong); err == nil {
			t.Errorf("%q became %v", wrong, got)
		}
	}
}

// TestScheduleInput: what the scheduler sends is what the worker reads.
func TestScheduleInput(t *testing.T) {
	o := fixtures(t)[0].options
	made, err := template.NewCloudFormation(o)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, r := range parsed(t, made.Files[0].Body).Resources {
		if r.Type != "AWS::Scheduler::Schedule" {
			continue
		}
		found++
		input := r.Properties["Target"].(map[string]any)["Input"].(string)
		input = strings.ReplaceAll(input, "<aws.scheduler.scheduled-time>", "2026-03-22T18:59:43Z")
		d := json.NewDecoder(strings.NewReader(input))
		d.DisallowUnknownFields()
		var m jobs.CronMessage
		if err := d.Decode(&m); err != nil {
			t.Fatal(err)
		}
		cron := o.Deployment.Crons[0]
		want := jobs.CronDue{Path: cron.Path, Schedule: cron.Schedule, Due: time.Date(2026, 3, 22, 18, 59, 43, 0, time.UTC)}
		if diff := cmp.Diff(&want, m.Cron); diff != "" {
			t.Error(diff)
		}
	}
	if found != len(o.Deployment.Crons) || found == 0 {
		t.Errorf("%d schedules of %d crons", found, len(o.Deployment.Crons))
	}
}

func TestMistakes(t *testing.T) {
	good := func() template.Options { return fixtures(t)[0].options }
	for _, c := range []struct {
		name, want string
		change     func(*template.Options)
	}{
		{"name", "pack.json: aws.name", func(o *template.Options) { o.Name = "My Shop" }},
		{"long name", "names of all resources", func(o *template.Options) { o.Name = strings.Repeat("a", 17) }},
		{"stage", "--stage", func(o *template.Options) { o.Stage = "a_b" }},
		{"region", "nothing is deployed to eu-north-1", func(o *template.Options) { o.Region = "eu-north-1" }},
		{"environment", "Lambda takes 4096", func(o *template.Options) {
			o.Secrets = map[string]manifest.StoredSecret{}
			for i := range 40 {
				o.Secrets[fmt.Sprint("SECRET_", i)] = manifest.StoredSecret{Parameter: "/" + strings.Repeat("x", 90)}
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := good()
			c.change(&o)
			_, err := template.NewCloudFormation(o)
			var mistake *manifest.UserError
			if !errors.As(err, &mistake) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
		})
	}
	o := good()
	o.Layers = nil
	if _, err := template.NewCloudFormation(o); err == nil || !strings.Contains(err.Error(), "no layer runtime") {
		t.Errorf("without layers: %v", err)
	}
}

// TestVersions: a version is another one when something in it is, and only then.
func TestVersions(t *testing.T) {
	base := fixtures(t)[0].options
	versions := func(o template.Options) map[string]string {
		made, err := template.NewCloudFormation(o)
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]string{}
		for _, f := range made.Functions {
			all[f.Name] = f.Version
		}
		return all
	}
	before := versions(base)
	text, err := os.ReadFile("testdata/storefront.json")
	if err != nil {
		t.Fatal(err)
	}
	old := base.Deployment.Functions[1].Archive.Digest
	changed, err := manifest.DecodeDeployment(bytes.ReplaceAll(text, []byte(old), []byte(sum("new"))))
	if err != nil {
		t.Fatal(err)
	}
	one := base
	one.Deployment = changed
	another := *base.Deployment
	another.ID = "another"
	deployed, revised, rotated := base, base, base
	deployed.Deployment, deployed.DeploymentLayer = &another, sum("another")
	revised.Revision = "a new distribution"
	rotated.Values = map[string]string{template.ParamSecret: "new"}
	for _, c := range []struct {
		why   string
		o     template.Options
		other func(name string) bool
	}{
		{"one archive", one, func(name string) bool { return name == base.Deployment.Functions[1].Name }},
		{"another deployment", deployed, func(name string) bool { return name == "gateway" || name == "worker" }},
		{"all values", revised, func(name string) bool { return name != "image" }}, // which is told none
		{"one value", rotated, func(name string) bool { return name == "gateway" }},
	} {
		for name, version := range versions(c.o) {
			if (version != before[name]) != c.other(name) {
				t.Errorf("%s: %s has version %s, had %s", c.why, name, version, before[name])
			}
		}
	}
}
