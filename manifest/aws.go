package manifest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// AWSSettings is what pack.json says of the account that an app is deployed to.
type AWSSettings struct {
	// Name begins the names of what is made; empty means the package's name.
	Name string `json:"name,omitempty"`
	// LogRetention is in days; 0 means DefaultLogRetention.
	LogRetention int `json:"logRetention,omitempty"`
	// AlarmTopic is the ARN of an SNS topic that alarms notify.
	AlarmTopic string `json:"alarmTopic,omitempty"`
	// KeepReleases is how many of the newest releases are kept, KeepDays for how
	// many days older ones are; 0 means the defaults.
	KeepReleases int `json:"keepReleases,omitempty"`
	KeepDays     int `json:"keepDays,omitempty"`
}

// How many releases are kept, and for how many days those that are more: a browser
// that has the app open asks for what belongs to the release that it was loaded from.
const (
	DefaultKeepReleases = 10
	DefaultKeepDays     = 7
)

// DefaultLogRetention is how many days logs are kept.
const DefaultLogRetention = 30

// CDNSettings is what pack.json says of the CDN. The zero value means
// CloudFront with an address of its own.
type CDNSettings struct {
	// None: there is no CDN, the gateway's own URL is the app's.
	None bool `json:"none,omitempty"`
	// Certificate is the ARN of a certificate of AWS Certificate Manager in
	// us-east-1; empty, with domains, means that one is made.
	Certificate string `json:"certificate,omitempty"`
	// HostedZone is the id of the Route 53 zone that the domains are put into.
	HostedZone string `json:"hostedZone,omitempty"`
	// WebACL is the ARN of a web ACL of AWS WAF in us-east-1.
	WebACL string `json:"webAcl,omitempty"`
}

// StoredSecret names where the value of a variable is kept: exactly one of the two.
// "{stage}" stands for the stage.
type StoredSecret struct {
	// Parameter is the name of a parameter of the SSM Parameter Store.
	Parameter string `json:"parameter,omitempty"`
	// Secret is the name or ARN of a secret of Secrets Manager.
	Secret string `json:"secret,omitempty"`
}

// At is the secret of a stage.
func (s StoredSecret) At(stage string) StoredSecret {
	return StoredSecret{Parameter: strings.ReplaceAll(s.Parameter, "{stage}", stage), Secret: strings.ReplaceAll(s.Secret, "{stage}", stage)}
}

// LambdaName is the name on AWS of a deployment's function; prefix is that of
// the app and its stage. The separator is in neither of them, so that a pattern
// for one app's functions never means another's.
func LambdaName(prefix, function string) string { return prefix + "_" + function }

// retentions are the days that CloudWatch Logs takes.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
var retentions = []int{
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

var (
	appName        = pattern(`^[a-z]([a-z0-9-]{0,14}[a-z0-9])?$`)
	domainName     = pattern(`^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$`)
	hostedZone     = pattern(`^Z[A-Z0-9]{1,31}$`)
	topicARN       = pattern(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$`)
	certificateARN = pattern(`^arn:aws[a-z-]*:acm:us-east-1:[0-9]{12}:certificate/[A-Za-z0-9-]+$`)
	webACLARN      = pattern(`^arn:aws[a-z-]*:wafv2:us-east-1:[0-9]{12}:global/webacl/[^/]+/[^/]+$`)
	parameterName  = pattern(`^[A-Za-z0-9_./{}-]+$`)
	secretName     = pattern(`^[A-Za-z0-9_./+=@:{}-]+$`)
)

// aws reads the key aws.
func (d *strictJSON) aws(to *AWSSettings) field {
	return func(data []byte, path string) {
		d.object(data, path, map[string]field{
			"name":         d.matching(&to.Name, appName, "1 to 16 small letters, digits and hyphens, a letter first"),
			"logRetention": d.retention(&to.LogRetention),
			"keepReleases": d.whole(&to.KeepReleases),
			"keepDays":     d.whole(&to.KeepDays),
			"alarmTopic":   d.matching(&to.AlarmTopic, topicARN, "the ARN of an SNS topic"),
		})
	}
}

func (d *strictJSON) retention(to *int) field {
	return func(data []byte, path string) {
		d.value(data, path, "a number of days", to)
		if d.err == nil && !slices.Contains(retentions, *to) {
			d.fail(path, fmt.Sprintf("CloudWatch Logs does not keep logs for %d days", *to), "it takes "+strings.Trim(fmt.Sprint(retentions), "[]"))
		}
	}
}

// cdn reads the key cdn: "cloudfront", "none", or an object.
func (d *strictJSON) cdn(to *CDNSettings) field {
	return func(data []byte, path string) {
		if len(data) > 0 && data[0] == '"' {
			var name string
			d.choice(&name, "cloudfront", "none")(data, path)
			to.None = name == "none"
			return
		}
		d.object(data, path, map[string]field{
			"certificate": d.matching(&to.Certificate, certificateARN, "the ARN of a certificate in us-east-1, where CloudFront looks for them"),
			"hostedZone":  d.matching(&to.HostedZone, hostedZone, "the id of a Route 53 hosted zone, as Z0123456789ABC"),
			"webAcl":      d.matching(&to.WebACL, webACLARN, "the ARN of a web ACL for CloudFront (us-east-1, global)"),
		})
	}
}

// domains reads the key domains.
func (d *strictJSON) domains(to *[]string) field {
	return func(data []byte, path string) {
		d.texts(to)(data, path)
		for i, name := range *to {
			if d.err == nil && !domainName().MatchString(name) {
				d.fail(fmt.Sprintf("%s[%d]", path, i), fmt.Sprintf("%q is no domain name", name), `write it in small letters, without scheme and path: "www.example.com"`)
			}
		}
	}
}

// secrets reads the key secrets.
func (d *strictJSON) storedSecrets(to *map[string]StoredSecret) field {
	return func(data []byte, path string) {
		*to = map[string]StoredSecret{}
		for _, e := range d.entries(data, path) {
			at := path + "." + e.key
			if !variableName().MatchString(e.key) || strings.HasPrefix(e.key, "AWS_") || strings.HasPrefix(e.key, "LAMBDA_") || strings.HasPrefix(e.key, "PACK_") {
				d.fail(at, fmt.Sprintf("%q cannot be a variable of the app", e.key), "use letters, digits and underscores, and do not begin with AWS_, LAMBDA_ or PACK_")
			}
			var s StoredSecret
			d.object(e.value, at, map[string]field{
				"parameter": d.matching(&s.Parameter, parameterName, "the name of a parameter of the SSM Parameter Store"),
				"secret":    d.matching(&s.Secret, secretName, "the name or ARN of a secret of Secrets Manager"),
			})
			if (s.Parameter == "") == (s.Secret == "") {
				d.fail(at, "it must name a parameter or a secret, and not both", `write {"parameter": "/shop/{stage}/database-url"}`)
			}
			(*to)[e.key] = s
		}
	}
}

// matching reads a string of a form.
func (d *strictJSON) matching(to *string, form func() *regexp.Regexp, due string) field {
	return func(data []byte, path string) {
		d.value(data, path, due, to)
		if d.err == nil && !form().MatchString(*to) {
			d.fail(path, fmt.Sprintf("it must be %s, and is %q", due, *to), "")
		}
	}
}

// checkTogether refuses what single keys allow and their sum does not.
func (s *PackSettings) checkTogether(file string) error {
	switch {
	case s.CDN.None && len(s.Domains) > 0:
		return &UserError{
			What: "domains need a CDN", Where: file + ": domains",
			Why: "a function URL has no domain but its own", Hint: `leave out "cdn": "none", or put a CDN of your own in front and leave out domains`,
		}
	case len(s.Domains) == 0 && (s.CDN.Certificate != "" || s.CDN.HostedZone != ""):
		return &UserError{
			What: "certificate and hostedZone are for domains", Where: file + ": cdn",
			Why: "there are no domains", Hint: `add "domains": ["www.example.com"]`,
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Secrets)) {
		if _, there := s.Environment[name]; there {
			return &UserError{What: name + " is a variable and a secret", Where: file + ": secrets." + name, Hint: "remove it from environment"}
		}
	}
	return nil
}
