package template_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"pack/infra/template"
)

// TestGlobalNames: what an account has one name for in all regions is another thing for
// another home, so that an app can be deployed to its new region before it is destroyed
// in the old one.
func TestGlobalNames(t *testing.T) {
	seen := map[string]string{}
	for _, home := range []string{"us-east-1", "ap-southeast-2"} {
		d := deployment(t, "testdata/storefront.json")
		for i := range d.Functions {
			d.Functions[i].Regions = []string{home}
		}
		c, err := template.NewCloudFormation(template.Options{
			Deployment: d, Name: "an-app-of-16-let", Stage: "and-a-stage-of-t", Layers: layers(), DeploymentLayer: sum("deployment"),
		})
		if err != nil {
			t.Fatal(err)
		}
		named := 0
		for id, r := range parsed(t, c.Files[0].Body).Resources {
			if !strings.HasPrefix(r.Type, "AWS::CloudFront::") && r.Type != "AWS::CloudWatch::Dashboard" {
				continue
			}
			for key, value := range names(r.Properties) {
				named++
				if seen[r.Type+value] != "" {
					t.Errorf("%s of %s is %q, as %s", id, home, value, seen[r.Type+value])
				}
				seen[r.Type+value] = id + " of " + home
				if len(value) > 64 {
					t.Errorf("%s: %s has %d characters, and CloudFront takes 64", id, key, len(value))
				}
			}
		}
		if named != 5 {
			t.Errorf("%d names were found in %s", named, home)
		}
	}
}

// names are the resource's own, wherever in its properties.
func names(properties map[string]any) map[string]string {
	found := map[string]string{}
	for key, value := range properties {
		switch v := value.(type) {
		case string:
			if key == "Name" || key == "DashboardName" {
				found[key] = v
			}
		case map[string]any:
			if strings.HasSuffix(key, "PolicyConfig") || strings.HasSuffix(key, "ControlConfig") {
				for k, n := range names(v) {
					found[k] = n
				}
			}
		}
	}
	return found
}

// TestDashboardFinds: what the dashboard searches for finds the app's functions and not
// those of its other stages, by CloudWatch's rules: a term in quotes is all of a name,
// another one's words follow each other in it.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
func TestDashboardFinds(t *testing.T) {
	for _, f := range fixtures(t) {
		if f.options.Region != "" {
			continue // the dashboard is at home
		}
		c, err := template.NewCloudFormation(f.options)
		if err != nil {
			t.Fatal(err)
		}
		var body struct {
			Widgets []struct{ Properties struct{ Metrics [][]any } }
		}
		text, _ := parsed(t, c.Files[0].Body).Resources["Dashboard"].Properties["DashboardBody"].(string)
		if err := json.Unmarshal([]byte(text), &body); err != nil {
			t.Fatal(err)
		}
		searches := 0
		for _, w := range body.Widgets {
			expression, ok := w.Properties.Metrics[0][0].(map[string]any)
			if !ok {
				continue
			}
			searches++
			term := regexp.MustCompile(`FunctionName=("[^"]*"|[^ ']*)`).FindStringSubmatch(expression["expression"].(string))[1]
			for _, function := range c.Functions {
				if !finds(term, function.LambdaName) {
					t.Errorf("%s: %s does not find %s", f.name, term, function.LambdaName)
				}
			}
			if other := f.options.Name + "-preview_gateway"; finds(term, other) {
				t.Errorf("%s: %s finds %s", f.name, term, other)
			}
		}
		if searches != 3 {
			t.Errorf("%s has %d searches", f.name, searches)
		}
	}
}

func finds(term, name string) bool {
	if strings.HasPrefix(term, `"`) {
		return strings.Trim(term, `"`) == name
	}
	return strings.Contains(" "+strings.Join(tokens(name), " ")+" ", " "+strings.Join(tokens(term), " ")+" ")
}

// tokens are a name's words and numbers.
func tokens(name string) []string {
	var b strings.Builder
	digit := false
	for _, c := range name {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			c = ' '
		} else if unicode.IsDigit(c) != digit {
			b.WriteByte(' ')
		}
		digit = unicode.IsDigit(c)
		b.WriteRune(unicode.ToLower(c))
	}
	return strings.Fields(b.String())
}
