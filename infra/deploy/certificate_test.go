//go:build unix

package deploy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"pack/infra/template"
	"pack/tests/awsstacks"
)

// certificate is what the home stack was given as its certificate.
func (c *cloud) certificate() string {
	c.t.Helper()
	out, err := cloudformation.NewFromConfig(c.Config).DescribeStacks(c.t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String(c.name())})
	if err != nil {
		c.t.Fatal(err)
	}
	parameters := out.Stacks[0].Parameters
	i := slices.IndexFunc(parameters, func(p types.Parameter) bool { return aws.ToString(p.ParameterKey) == template.ParamCertificate })
	if i < 0 {
		return ""
	}
	return aws.ToString(parameters[i].ParameterValue)
}

// TestCertificate: CloudFront takes certificates of us-east-1 alone. An app whose home
// is elsewhere has a stack there for it, made before the home stack, changed when the
// domains are, and destroyed with the rest.
func TestCertificate(t *testing.T) {
	c, a := newCloud(t), newApp(t, "home")
	c.at("eu-west-1")
	a.home, a.pack.Domains = "eu-west-1", []string{"shop.example.com"}
	name := c.name() + "-certificate"

	// A certificate that is not issued: nothing else is made.
	c.FailNext(func(stack, _ string) *awsstacks.Failure {
		if stack != name {
			return nil
		}
		return &awsstacks.Failure{Resource: "Certificate", Type: "AWS::CertificateManager::Certificate", Reason: "the domain was not validated in time"}
	})
	_, err := c.target.Deploy(t.Context(), c.options(a.pack1()))
	c.FailNext(nil)
	if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "was not validated in time") || c.Status("eu-west-1", c.name()) != "" {
		t.Errorf("%v; the home stack is in %q", err, c.Status("eu-west-1", c.name()))
	}

	one := c.deploy(a.pack1())
	c.serves(one.ID)
	if one.URL != "https://shop.example.com" || !strings.HasPrefix(c.certificate(), "arn:aws:acm:us-east-1:") {
		t.Errorf("%s has the certificate %q", one.URL, c.certificate())
	}
	if c.Status("us-east-1", name) != "CREATE_COMPLETE" || c.Status("eu-west-1", name) != "" || c.Status("us-east-1", c.name()) != "" {
		t.Errorf("the certificate's stack is in %q", c.Status("us-east-1", name))
	}
	told := strings.Join(*c.notes, "\n")
	for _, want := range []string{"Certificate Manager, us-east-1", "{Name: _0a1b.shop.example.com.,Type: CNAME", "have DNS point shop.example.com to d111111abcdef8.cloudfront.net"} {
		if !strings.Contains(told, want) {
			t.Errorf("nobody was told %q:\n%s", want, told)
		}
	}
	*c.notes = nil

	// Another deploy leaves it as it is; other domains change it.
	a.routes["home"] = "two"
	c.deploy(a.pack1())
	if told := strings.Join(*c.notes, "\n"); strings.Contains(told, "DNS") {
		t.Errorf("what is done was told again:\n%s", told)
	}
	if got := c.Status("us-east-1", name); got != "CREATE_COMPLETE" {
		t.Errorf("a deploy that leaves the domains has its stack in %s", got)
	}
	a.pack.Domains = append(a.pack.Domains, "www.shop.example.com")
	three := c.deploy(a.pack1())
	c.serves(three.ID)
	if got := c.Status("us-east-1", name); got != "UPDATE_COMPLETE" {
		t.Errorf("other domains have its stack in %s", got)
	}

	c.destroyed()
	if c.Status("us-east-1", name) != "" {
		t.Errorf("the certificate's stack is in %s", c.Status("us-east-1", name))
	}
	buckets, err := s3.NewFromConfig(c.Config, func(o *s3.Options) { o.UsePathStyle = true }).ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range buckets.Buckets {
		if strings.HasPrefix(aws.ToString(b.Name), c.name()) {
			t.Errorf("bucket %s is left", aws.ToString(b.Name))
		}
	}
}

// TestCertificateAtHome: in us-east-1 the home stack has the certificate, and waits for
// its domains as well.
func TestCertificateAtHome(t *testing.T) {
	c, a := newCloud(t), newApp(t, "home")
	a.pack.Domains = []string{"shop.example.com", "www.shop.example.com"}
	if one := c.deploy(a.pack1()); one.URL != "https://shop.example.com" {
		t.Errorf("the app is at %s", one.URL)
	}
	told := strings.Join(*c.notes, "\n")
	for _, want := range []string{"the deploy waits for it", "{Name: _0a1b.shop.example.com.,Type: CNAME", "have DNS point shop.example.com and www.shop.example.com to d111111abcdef8.cloudfront.net"} {
		if strings.Count(told, want) != 1 {
			t.Errorf("%q was not told once:\n%s", want, told)
		}
	}
}
