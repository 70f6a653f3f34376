package tests_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"pack/manifest"
	"pack/tests/awsstacks"
)

// deployed is the shop on an account that speaks AWS's protocols.
type deployed struct {
	*awsstacks.Stacks
	t *testing.T
}

// run runs a command on the account, which must succeed.
func (d *deployed) run(folder string, args ...string) (stdout string) {
	d.t.Helper()
	cmd := packCommand(folder, args...)
	cmd.Env = environment(append(d.Environ(), "AWS_ENDPOINT_URL="+d.Endpoint, "AWS_EC2_METADATA_DISABLED=true")...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		d.t.Fatalf("pack %s: %v\n%s", strings.Join(args, " "), err, said.String())
	}
	return out.String()
}

// document runs a command that prints a JSON document.
func (d *deployed) document(to any, folder string, args ...string) {
	d.t.Helper()
	if err := json.Unmarshal([]byte(d.run(folder, args...)), to); err != nil {
		d.t.Fatal(err)
	}
}

// active is the release in production.
func (d *deployed) active(folder string) string {
	d.t.Helper()
	var list struct{ Active string }
	d.document(&list, folder, "deployments", "--json")
	return list.Active
}

// versions are those of a release's functions, by region.
func (d *deployed) versions(bucket, release string) map[string]map[string]string {
	d.t.Helper()
	objects := s3.NewFromConfig(d.Config, func(o *s3.Options) { o.UsePathStyle = true })
	out, err := objects.GetObject(d.t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: aws.String(manifest.ReleaseKey(release))})
	if err != nil {
		d.t.Fatal(err)
	}
	defer out.Body.Close()
	var r manifest.Release
	if err := json.NewDecoder(out.Body).Decode(&r); err != nil {
		d.t.Fatal(err)
	}
	return r.Versions
}

// code gives what the versions of a release have as code: digests of archives by
// function, as hexadecimal text.
func (d *deployed) code(bucket, release string) map[string]string {
	d.t.Helper()
	digests := map[string]string{}
	for region, versions := range d.versions(bucket, release) {
		functions := lambda.NewFromConfig(d.Config, func(o *lambda.Options) { o.Region = region })
		for function, version := range versions {
			got, err := functions.GetFunctionConfiguration(d.t.Context(), &lambda.GetFunctionConfigurationInput{
				FunctionName: aws.String(manifest.LambdaName("storefront-production", function)), Qualifier: &version,
			})
			if err != nil {
				d.t.Fatalf("version %s of %s: %v", version, function, err)
			}
			sum, err := base64.StdEncoding.DecodeString(aws.ToString(got.CodeSha256))
			if err != nil {
				d.t.Fatal(err)
			}
			digests[function] = hex.EncodeToString(sum)
		}
	}
	return digests
}

// buckets are those whose names begin so.
func (d *deployed) buckets(prefix string) []string {
	d.t.Helper()
	all, err := s3.NewFromConfig(d.Config).ListBuckets(d.t.Context(), &s3.ListBucketsInput{})
	if err != nil {
		d.t.Fatal(err)
	}
	var names []string
	for _, b := range all.Buckets {
		if strings.HasPrefix(aws.ToString(b.Name), prefix) {
			names = append(names, aws.ToString(b.Name))
		}
	}
	return names
}

// TestDeployTheShop takes the shop as `next build` left it through its life on an
// account: deployed, a changed page looked at, promoted, rolled back, destroyed.
func TestDeployTheShop(t *testing.T) {
	b := shop(t)
	d := &deployed{awsstacks.New(t), t}
	type result struct {
		ID, URL  string
		Active   bool
		Uploaded struct{ Files int }
	}
	var first result
	d.document(&first, b.folder, "deploy", "--json")
	if !first.Active || first.URL != "https://d111111abcdef8.cloudfront.net" || d.active(b.folder) != first.ID {
		t.Errorf("the first deploy is %+v", first)
	}
	states := d.buckets("storefront-production-statebucket")
	if len(states) != 1 {
		t.Fatalf("the state is in %q", states)
	}
	state := states[0]
	was := d.code(state, first.ID)
	var packed struct {
		Functions []struct{ Name, Digest string }
		Pages     []struct{ Rendered bool }
	}
	d.document(&packed, b.folder, "inspect", "--json")
	var archives []string
	for _, bucket := range d.buckets("storefront-production-artifacts") {
		archives = append(archives, d.digests(bucket, "functions/")...)
	}
	for _, f := range packed.Functions {
		if !slices.Contains(archives, was[f.Name]) {
			t.Errorf("%s was packed as %s, and on Lambda is something else", f.Name, f.Digest)
		}
	}
	if len(was) < 30 || len(was) != len(packed.Functions) {
		t.Errorf("%d functions were packed, and the release has %d", len(packed.Functions), len(was))
	}
	rendered := 0
	for _, page := range packed.Pages {
		if page.Rendered {
			rendered++
		}
	}
	if stored := len(d.digests(state, first.ID+"/")); rendered < 10 || stored < rendered {
		t.Errorf("of %d prerendered pages there are %d objects", rendered, stored)
	}

	// One page changed, to be looked at.
	page := filepath.Join(b.folder, "app", "about", "page.tsx")
	lent(t, b.folder, page)
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	writeSource(t, page, strings.Replace(string(text), "Four people, one dog, one kiln.", "Five people, one dog, one kiln.", 1))
	var second result
	d.document(&second, b.folder, "deploy", "--preview", "--json")
	if second.Active || second.ID == first.ID || !strings.HasSuffix(second.URL, "/?dpl="+second.ID) || d.active(b.folder) != first.ID {
		t.Errorf("the preview is %+v", second)
	}
	var differ []string
	for function, digest := range d.code(state, second.ID) {
		if was[function] != digest {
			differ = append(differ, function)
		}
	}
	if !slices.Equal(differ, []string{"about"}) || second.Uploaded.Files > 5 {
		t.Errorf("one changed page makes other functions of %q, and uploads %d files", differ, second.Uploaded.Files)
	}
	// What did not change is the same version in both, in all regions.
	before, published := d.versions(state, first.ID), []string{}
	for region, versions := range d.versions(state, second.ID) {
		for function, version := range versions {
			if before[region][function] != version {
				published = append(published, function)
			}
		}
	}
	if slices.Sort(published); !slices.Equal(published, []string{"about", "gateway", "worker"}) {
		t.Errorf("one changed page publishes versions of %q", published)
	}

	d.run(b.folder, "promote", second.ID[:10])
	if got := d.active(b.folder); got != second.ID {
		t.Errorf("%s was promoted, and in production is %s", second.ID, got)
	}
	d.run(b.folder, "rollback")
	if got := d.active(b.folder); got != first.ID {
		t.Errorf("it was rolled back to %s", got)
	}
	policy := d.run(b.folder, "doctor", "--policy", "--json")
	d.run(b.folder, "destroy", "--yes", "--data")
	if left := d.buckets("storefront-production"); len(left) > 0 || d.Status("us-east-1", "storefront-production") != "" {
		t.Errorf("buckets %q are left", left)
	}
	for _, refused := range d.Refused([]byte(policy)) {
		t.Errorf("the policy of pack doctor does not allow %s", refused)
	}
}

// lent makes a copy of what the shared app's build has left, for one test to build
// anew, and brings all back at its end as if nothing had been: files of the build are
// the same ones, and the source that the test changes is as it was.
func lent(t *testing.T, app, source string) {
	t.Helper()
	alone(t)
	kept := filepath.Join(root, "lent")
	if err := os.MkdirAll(kept, 0o755); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{".next", ".pack"} {
		at, away := filepath.Join(app, folder), filepath.Join(kept, folder)
		if err := os.Rename(at, away); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := errors.Join(os.RemoveAll(at), os.Rename(away, at)); err != nil {
				t.Error(err)
			}
		})
		if err := copyTree(away, at, copyFile); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { writeSource(t, source, string(text)) })
}

// digests are those of the objects below a prefix.
func (d *deployed) digests(bucket, prefix string) []string {
	d.t.Helper()
	objects := s3.NewFromConfig(d.Config, func(o *s3.Options) { o.UsePathStyle = true })
	var all []string
	pages := s3.NewListObjectsV2Paginator(objects, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(d.t.Context())
		if err != nil {
			d.t.Fatal(err)
		}
		for _, o := range page.Contents {
			got, err := objects.GetObject(d.t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: o.Key})
			if err != nil {
				d.t.Fatal(err)
			}
			sum := sha256.New()
			_, err = io.Copy(sum, got.Body)
			if err := errors.Join(err, got.Body.Close()); err != nil {
				d.t.Fatal(err)
			}
			all = append(all, hex.EncodeToString(sum.Sum(nil)))
		}
	}
	return all
}
