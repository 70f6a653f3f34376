package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"pack/infra/bundle"
	"pack/manifest"
)

func inspectCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "show what the last build was packed into",
		UsageText: "pack inspect [options] [DIR]",
		Description: `Shows the functions with their sizes and settings, the prerendered pages
with the times and tags that they are refreshed by, and the static files.

   pack inspect                  the app in this folder
   pack inspect --assets         every static file as well
   pack inspect --json | jq '.functions[] | {name, unzipped}'`,
		ArgsUsage: "[DIR]",
		Flags: []cli.Flag{
			packedFlag(),
			&cli.BoolFlag{Name: "assets", Usage: "list every static file", DisableDefaultText: true},
			&cli.BoolFlag{Name: "json", Usage: "print a JSON document (docs/json.md)", DisableDefaultText: true},
		},
		Action: func(c *cli.Context) error {
			dir, err := appDir(c)
			if err != nil {
				return err
			}
			_, out, err := folders(dir, c.String("out"))
			if err != nil {
				return err
			}
			o, err := bundle.Open(out)
			if err != nil {
				return err
			}
			defer o.Close()
			view := inspectionOf(o, c.Bool("assets"))
			if c.Bool("json") {
				return printJSON(s.out, view)
			}
			return view.print(s.out)
		},
	}
}

// inspection is what `pack inspect --json` prints.
type inspection struct {
	Schema     int             `json:"schema"`
	Deployment deploymentBrief `json:"deployment"`
	Functions  []functionView  `json:"functions"`
	Pages      []pageView      `json:"pages"`
	Assets     assetsView      `json:"assets"`
}

func inspectionOf(o *bundle.Output, list bool) inspection {
	d := o.Deployment()
	return inspection{
		Schema:     jsonSchema,
		Deployment: briefOf(o),
		Functions:  functionViews(d),
		Pages:      pageViews(d),
		Assets:     assetsOf(d, list),
	}
}

// pageView is a prerendered page or a template of pages.
type pageView struct {
	Pathname string `json:"pathname"`
	Route    string `json:"route"`
	Kind     string `json:"kind"`
	Function string `json:"function"`
	Template bool   `json:"template"`
	// Rendered: the build rendered it. The fields below are the build's then.
	Rendered bool `json:"rendered"`
	Status   int  `json:"status"`
	// Revalidate and Expire are in seconds; null means never.
	Revalidate *int     `json:"revalidate"`
	Expire     *int     `json:"expire"`
	Tags       []string `json:"tags"`
}

func pageViews(d *manifest.Deployment) []pageView {
	views := make([]pageView, len(d.Pages))
	for i, p := range d.Pages {
		v := pageView{Pathname: p.Pathname, Route: p.Route, Kind: p.Kind, Function: p.Function, Template: p.Template, Tags: []string{}}
		if s := p.Seed; s != nil {
			v.Rendered, v.Status, v.Revalidate, v.Expire = true, s.Status, s.Revalidate, s.Expire
			v.Tags = append(v.Tags, s.Tags...)
		}
		views[i] = v
	}
	return views
}

// assetsView counts the static files, and lists them when asked to.
type assetsView struct {
	sourceView
	// Sources are by Asset.Source.
	Sources map[string]sourceView `json:"sources"`
	Files   []manifest.Asset      `json:"files,omitempty"`
}

type sourceView struct {
	Count int   `json:"count"`
	Bytes int64 `json:"bytes"`
}

func (v *sourceView) add(a manifest.Asset) {
	v.Count++
	v.Bytes += a.Size
}

func assetsOf(d *manifest.Deployment, list bool) assetsView {
	v := assetsView{Sources: map[string]sourceView{}}
	for _, a := range d.Assets {
		v.add(a)
		source := v.Sources[a.Source]
		source.add(a)
		v.Sources[a.Source] = source
	}
	if list {
		v.Files = d.Assets
	}
	return v
}

func (v inspection) print(w io.Writer) error {
	fmt.Fprintf(w, "Deployment %s, build %s, Next.js %s\n\n", v.Deployment.ID, v.Deployment.BuildID, v.Deployment.NextVersion)
	functions := newTable("FUNCTION", "KIND", "ROUTES", ">FILES", ">ZIPPED", ">UNZIPPED", ">MAX", ">MEMORY", "ARCH", "REGIONS")
	for _, f := range v.Functions {
		functions.row(f.Name, string(f.Kind), few(f.Routes, 3), strconv.Itoa(f.Files), size(f.Zipped), size(f.Unzipped),
			seconds(&f.MaxDuration), fmt.Sprintf("%d MB", f.Memory), string(f.Architecture), strings.Join(f.Regions, " "))
	}
	pages := newTable("PAGE", "FUNCTION", ">REVALIDATE", ">EXPIRE", "TAGS")
	for _, p := range v.Pages {
		revalidate, expire := "on demand", ""
		if p.Rendered {
			revalidate, expire = seconds(p.Revalidate), seconds(p.Expire)
		}
		pages.row(p.Pathname, p.Function, revalidate, expire, few(ownTags(p.Tags), 4))
	}
	assets := newTable("ASSETS", ">FILES", ">SIZE")
	for _, name := range sourceNames(v.Assets) {
		assets.row(name, strconv.Itoa(v.Assets.Sources[name].Count), size(v.Assets.Sources[name].Bytes))
	}
	tables := []*table{functions, pages, assets}
	if v.Assets.Files != nil {
		files := newTable("FILE", "SOURCE", ">SIZE")
		for _, a := range v.Assets.Files {
			files.row(a.Pathname, a.Source, size(a.Size))
		}
		tables = append(tables, files)
	}
	return printTables(w, tables)
}

// ownTags leaves out the tags that Next gives every page for its path
// (NEXT_CACHE_IMPLICIT_TAG_ID in next/dist/lib/constants.js).
func ownTags(tags []string) []string {
	return slices.DeleteFunc(slices.Clone(tags), func(tag string) bool { return strings.HasPrefix(tag, "_N_T_") })
}

func sourceNames(v assetsView) []string {
	names := make([]string, 0, len(v.Sources))
	for name := range v.Sources {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
