//go:build unix

package deploy_test

import (
	"testing"

	"pack/infra/awsjson"
)

// TestSecretLost: when somebody has deleted the parameter, CloudFront goes on showing what
// the gateway in use takes. Another secret would have it turn visitors away until the end
// of the deploy.
func TestSecretLost(t *testing.T) {
	c, a := newCloud(t), newApp(t, "home")
	c.deploy(a.pack1())
	const variable = "PACK_ORIGIN_SECRET"
	before := c.variable("gateway", c.live("gateway"), variable)
	parameters, name := awsjson.NewParameters(c.Config), "/pack/"+c.name()+"/origin-secret"
	kept, err := parameters.Get(t.Context(), name)
	if err != nil || before == "" {
		t.Fatalf("the secret is %q and %q, %v", before, kept, err)
	}
	if err := parameters.Delete(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	a.routes["home"] = "two"
	two := c.deploy(a.pack1())
	c.serves(two.ID)
	if after := c.variable("gateway", c.live("gateway"), variable); after != before {
		t.Errorf("the secret became another one")
	}
	if _, err := parameters.Get(t.Context(), name); err != nil {
		t.Error(err)
	}
}
