package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"pack/infra/bundle"
	"pack/infra/template"
	"pack/manifest"
)

func templateCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "template",
		Usage:     "write what AWS would have to make of the last build",
		UsageText: "pack template [options] [DIR]",
		Description: `Writes the resources of a deployment as CloudFormation templates or as
Terraform JSON, for teams that apply them by a pipeline of their own. Nothing
is changed anywhere. docs/architecture-on-aws.md explains the resources.

   pack template --out infra                      template.json, and what it nests
   pack template --format terraform --out infra   main.tf.json
   pack template --stage staging | less           on the screen, when it is one file
   pack template --json --out infra | jq .artifacts   what to upload where`,
		ArgsUsage: "[DIR]",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "format", Value: "cloudformation", Usage: "`FORMAT`: cloudformation or terraform"},
			&cli.StringFlag{Name: "stage", Value: defaultStage, Usage: "`NAME` of what is deployed; begins names, after the app's", Action: notEmpty("stage")},
			&cli.StringFlag{Name: "region", Usage: "the `REGION` whose resources are written (default: the one with gateway and state)", Action: notEmpty("region")},
			&cli.StringFlag{Name: "out", Usage: "write into this `FOLDER` instead of printing"},
			&cli.StringFlag{Name: "packed", Usage: "the `FOLDER` that pack build made (default: .pack in DIR)"},
			&cli.StringFlag{Name: "revision", Usage: "any `TEXT`: another one publishes new versions of the functions that are told parameters, as new values of these need"},
			&cli.BoolFlag{Name: "json", Usage: "print a JSON document of what was written (docs/json.md)", DisableDefaultText: true},
		},
		Action: func(c *cli.Context) error {
			dir, err := appDir(c)
			if err != nil {
				return err
			}
			dir, packed, err := folders(dir, c.String("packed"))
			if err != nil {
				return err
			}
			if c.Bool("json") && c.String("out") == "" {
				return usageError{errors.New("--json needs --out: it says what was written there")}
			}
			return interruptible(c.Context, func(ctx context.Context) error {
				return writeTemplate(ctx, s, templateOptions{
					dir: dir, packed: packed, out: c.String("out"), format: c.String("format"), stage: c.String("stage"),
					region: c.String("region"), revision: c.String("revision"), json: c.Bool("json"),
				})
			})
		},
	}
}

type templateOptions struct {
	dir, packed, out, format, stage, region, revision string
	json                                              bool
}

// templateResult is what `pack template --json` prints.
type templateResult struct {
	Schema     int             `json:"schema"`
	Deployment deploymentBrief `json:"deployment"`
	// Files are those that were written, absolute; the one to apply first.
	Files []string `json:"files"`
	// Artifacts are what the bucket of artifacts must have before.
	Artifacts []artifactView `json:"artifacts"`
	// Parameters are those without a default.
	Parameters []string `json:"parameters"`
	// Functions say which resource each function is.
	Functions []template.Placed `json:"functions"`
	Warnings  []string          `json:"warnings"`
}

// artifactView is a file to upload.
type artifactView struct {
	Key string `json:"key"`
	// Path is absolute.
	Path string `json:"path"`
}

func writeTemplate(ctx context.Context, s streams, o templateOptions) error {
	output, err := bundle.Open(o.packed)
	if err != nil {
		return err
	}
	defer output.Close()
	settings, err := manifest.LoadSettings(o.dir)
	if err != nil {
		return err
	}
	progress := newProgress(s.err)
	layers, err := writeLayers(ctx, o.packed, output.Deployment(), progress.step)
	progress.end()
	if err != nil {
		return err
	}
	options := template.Options{
		Deployment: output.Deployment(), Stage: o.stage, Region: o.region, Revision: o.revision,
		AWS: settings.Pack.AWS, CDN: settings.Pack.CDN, Domains: settings.Pack.Domains, Secrets: settings.Pack.Secrets,
	}
	if options.Name, err = appName(o.dir, settings.Pack.AWS.Name); err != nil {
		return err
	}
	result := templateResult{Schema: jsonSchema, Deployment: briefOf(output), Artifacts: []artifactView{}, Parameters: []string{}, Warnings: []string{}}
	seen := map[string]bool{}
	for _, f := range output.Deployment().Functions {
		if key := template.FunctionKey(f.Archive.Digest); !seen[key] {
			seen[key] = true
			path, err := output.Archive(ctx, f.Name)
			if err != nil {
				return err
			}
			result.Artifacts = append(result.Artifacts, artifactView{key, path})
		}
	}
	deployment, err := output.Layer()
	if err != nil {
		return err
	}
	path, err := output.LayerArchive(ctx)
	if err != nil {
		return err
	}
	options.DeploymentLayer = deployment.Digest
	result.Artifacts = append(result.Artifacts, artifactView{template.LayerKey(deployment.Digest), path})
	for _, l := range layers {
		digest, err := fileDigest(l.Path)
		if err != nil {
			return err
		}
		options.Layers = append(options.Layers, template.Layer{Name: l.Name, Architecture: l.Architecture, Digest: digest})
		result.Artifacts = append(result.Artifacts, artifactView{template.LayerKey(digest), l.Path})
	}
	files, err := result.fill(o.format, options)
	if err != nil {
		return err
	}
	for _, w := range result.Warnings {
		progress.note("warning: " + w)
	}
	if o.out == "" {
		if len(files) > 1 {
			return usageError{fmt.Errorf("there are %d files: name a folder for them with --out", len(files))}
		}
		_, err := s.out.Write(files[0].Body)
		return err
	}
	return result.write(s, o, files)
}

// fill makes the files and what is to be said of them.
func (r *templateResult) fill(format string, o template.Options) ([]template.File, error) {
	switch format {
	case "cloudformation":
		made, err := template.NewCloudFormation(o)
		if err != nil {
			return nil, err
		}
		r.Functions = made.Functions
		r.Parameters = append(r.Parameters, made.Parameters...)
		r.Warnings = append(r.Warnings, made.Warnings...)
		return made.Files, nil
	case "terraform":
		made, err := template.NewTerraform(o)
		if err != nil {
			return nil, err
		}
		r.Functions = made.Functions
		r.Parameters = append(r.Parameters, made.Parameters...)
		r.Warnings = append(r.Warnings, made.Warnings...)
		return made.Files, nil
	}
	return nil, usageError{fmt.Errorf("--format is cloudformation or terraform, and not %q", format)}
}

func (r *templateResult) write(s streams, o templateOptions, files []template.File) error {
	out, err := filepath.Abs(o.out)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join(out, f.Name)
		if err := os.WriteFile(path, f.Body, 0o644); err != nil {
			return err
		}
		r.Files = append(r.Files, path)
		if f.Key != "" {
			r.Artifacts = append(r.Artifacts, artifactView{f.Key, path})
		}
	}
	if o.json {
		return printJSON(s.out, r)
	}
	for _, path := range r.Files {
		fmt.Fprintln(s.out, path)
	}
	return nil
}

func fileDigest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), err
}

var (
	notInNames = regexp.MustCompile(`[^a-z0-9]+`)
	nameStart  = regexp.MustCompile(`^[^a-z]+`)
)

// longestName is how many characters an app's name has among AWS's.
const longestName = 16

// appName is pack.json's, or what the package's becomes among AWS's names; an
// organisation's scope is left out.
func appName(dir, configured string) (string, error) {
	if configured != "" {
		return configured, nil
	}
	var about struct{ Name string }
	if text, err := os.ReadFile(filepath.Join(dir, "package.json")); err == nil {
		if err := json.Unmarshal(text, &about); err != nil {
			return "", &manifest.UserError{What: "package.json cannot be read", Where: filepath.Join(dir, "package.json"), Err: err}
		}
	}
	name := strings.ToLower(about.Name[strings.LastIndex(about.Name, "/")+1:])
	name = strings.Trim(nameStart.ReplaceAllString(notInNames.ReplaceAllString(name, "-"), ""), "-")
	if len(name) > longestName {
		// Two apps whose long names begin alike are not one.
		sum := sha256.Sum256([]byte(about.Name))
		end := "-" + hex.EncodeToString(sum[:])[:6]
		name = strings.TrimRight(name[:longestName-len(end)], "-") + end
	}
	if name == "" {
		return "", &manifest.UserError{What: "the app has no name", Where: "package.json: name", Hint: `add "aws": {"name": "shop"} to pack.json`}
	}
	return name, nil
}
