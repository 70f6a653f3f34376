package template

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"pack/manifest"
)

// Options say what is to be made and where.
type Options struct {
	// Deployment is bundled: every function has its Archive.
	Deployment *manifest.Deployment
	// Name is the app's and Stage what of it is deployed ("production",
	// "staging"); together they begin the names of what is made.
	Name, Stage string
	// Region is the AWS region of this template. Empty means the home region,
	// the gateway's first, which has gateway, state and CDN; the templates of
	// others have the route functions that are to be there.
	Region string
	// Layers are those that the functions need; DeploymentLayer is the digest of the
	// archive that gateway and worker read the Deployment from.
	Layers          []Layer
	DeploymentLayer string
	// Values are digests, or anything else that changes with them, of the values
	// that parameters are given, by the parameter's name; Revision stands for all of
	// them. Another one publishes new versions of the functions that are told the
	// value, though nothing else of them changes, and of no others: Lambda refuses a
	// second version of the same.
	Values   map[string]string
	Revision string
	// Release is the ID of the manifest.Release that the versions become part of;
	// empty means the Deployment's ID.
	Release string
	// Before is what the stack has now; nil for a new one.
	Before *Before
	// AWS, CDN, Domains and Secrets are pack.json's.
	AWS     manifest.AWSSettings
	CDN     manifest.CDNSettings
	Domains []string
	Secrets map[string]manifest.StoredSecret
}

// Layer is a zip that functions share.
type Layer struct {
	// Name is LayerRuntime or LayerImages.
	Name         string
	Architecture manifest.Architecture
	// Digest is the SHA-256 of the zip file in hexadecimal.
	Digest string
}

// What the layers are called: pack's program with its scripts, and that of the
// image function.
const (
	LayerRuntime = "runtime"
	LayerImages  = "images"
)

// FunctionKey is where a function's archive is in the bucket of artifacts, by
// its digest.
func FunctionKey(digest string) string { return "functions/" + digest + ".zip" }

// LayerKey is where a layer is, by its digest: of a DeploymentLayer its archive's.
func LayerKey(digest string) string { return "layers/" + digest + ".zip" }

func templateKey(digest string) string { return "templates/" + digest + ".json" }

// TemplateKey is where a template is that is too large to be sent along.
func TemplateKey(body []byte) string { return templateKey(digestOf(body)) }

// Where the app's files are in the bucket of assets (manifest.Deployment.AssetKey).
const (
	AssetsPrefix = "assets"
	staticPrefix = AssetsPrefix + "/" + manifest.AssetStatic
)

// AssetKey is where an asset is in the bucket of assets.
func AssetKey(d *manifest.Deployment, a manifest.Asset) string {
	return AssetsPrefix + "/" + d.AssetKey(&a)
}

const staticPath = manifest.StaticFolder

// names: the app's and a stage's, which S3, IAM and CloudFormation all take.
var names = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,14}[a-z0-9])?$`)

// CheckNames refuses names of an app and a stage that some resource could not have.
func CheckNames(app, stage string) error {
	for _, n := range []struct{ what, name, where string }{{"name", app, "pack.json: aws.name"}, {"stage", stage, "--stage"}} {
		if !names.MatchString(n.name) {
			return &manifest.UserError{
				What: fmt.Sprintf("the %s %q cannot be", n.what, n.name), Where: n.where,
				Why: "1 to 16 small letters, digits and hyphens, a letter first and no hyphen last, are what the names of all resources take",
			}
		}
	}
	return nil
}

// check finds what is wrong with the names, and functions without an archive.
func (o *Options) check() error {
	if err := CheckNames(o.Name, o.Stage); err != nil {
		return err
	}
	if o.Deployment == nil {
		return errors.New("there is no deployment")
	}
	for _, f := range o.Deployment.Functions {
		if f.Archive == nil || f.Archive.Digest == "" {
			return fmt.Errorf("function %s is not bundled", f.Name)
		}
	}
	if o.DeploymentLayer == "" {
		return errors.New("the deployment has no layer")
	}
	return nil
}

// prefix begins names.
func (o *Options) prefix() string { return o.Name + "-" + o.Stage }

// home is the region of gateway and state.
func home(d *manifest.Deployment) string {
	for _, f := range d.Functions {
		if f.Kind == manifest.GatewayFunction && len(f.Regions) > 0 {
			return f.Regions[0]
		}
	}
	return manifest.DefaultRegion
}

// Regions are those that a deployment's functions are in, its home first.
func Regions(d *manifest.Deployment) []string {
	regions := []string{home(d)}
	for _, f := range d.Functions {
		if f.Kind != manifest.RouteFunction {
			continue
		}
		for _, r := range f.Regions {
			if !slices.Contains(regions, r) {
				regions = append(regions, r)
			}
		}
	}
	slices.Sort(regions[1:])
	return regions
}

// digest is the SHA-256 of a text in hexadecimal; its beginning ends logical ids.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// logicalID makes the logical id of a function: letters and digits of its name,
// and what tells it from others whose are the same. It depends on nothing else,
// so that a resource stays the same one whatever else is deployed.
func logicalID(function string) string {
	var b strings.Builder
	upper := true
	for _, c := range function {
		switch {
		case c >= 'a' && c <= 'z' && upper:
			b.WriteRune(c - 'a' + 'A')
			upper = false
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			b.WriteRune(c)
			upper = false
		default:
			upper = true
		}
	}
	return b.String() + strings.ToUpper(digest(function)[:6])
}
