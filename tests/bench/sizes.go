package main

import (
	"context"
	"os"
	"path/filepath"

	"pack/infra/bundle"
	"pack/infra/layer"
	"pack/lambda/node"
	"pack/manifest"
)

// functionsPart is where every function is listed by name.
const functionsPart = "functions"

// sizes weighs every function. A series has one sample for each route's function, so
// that its quartiles are over functions.
func sizes(ctx context.Context, w *workshop, p plan, r *report) error {
	shop, err := w.shop()
	if err != nil {
		return err
	}
	output, err := bundle.Open(filepath.Join(shop, ".pack"))
	if err != nil {
		return err
	}
	defer closing(r, "sizes", output.Close)
	for _, f := range output.Deployment().Functions {
		name := string(f.Kind) + " function"
		if f.Kind == manifest.RouteFunction {
			name = "server function"
		}
		r.note("sizes", name, subjectPack, weight(f.Archive.Zipped, f.Archive.Unzipped)...)
		r.note(functionsPart, f.Name, subjectPack, weight(f.Archive.Zipped, f.Archive.Unzipped)...)
	}
	r.once(ctx, "sizes", "layer that all functions share", subjectPack, func(ctx context.Context) ([]value, error) {
		file, err := layer.Runtime{Program: layer.Bootstrap, Scripts: node.Scripts}.Zip(ctx, manifest.ARM64)
		if err != nil {
			return nil, err
		}
		st, err := os.Stat(file)
		if err != nil {
			return nil, err
		}
		return []value{{"zipped", "bytes", float64(st.Size())}}, nil
	})
	if !p.openNext {
		return nil
	}
	r.once(ctx, "sizes", "server function", subjectOpenNext, func(context.Context) ([]value, error) {
		o, err := w.openNext()
		if err != nil {
			return nil, err
		}
		zipped, unzipped, err := functionSize(o.server())
		return weight(zipped, unzipped), err
	})
	return nil
}

func weight(zipped, unzipped int64) []value {
	return []value{{"zipped", "bytes", float64(zipped)}, {"unzipped", "bytes", float64(unzipped)}}
}
