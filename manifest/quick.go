package manifest

import (
	"encoding/json"
	"fmt"
)

// decodeQuickly decodes a Deployment document that is written as Encode and
// EncodeServed write it. ok is false for any other, which may be as right:
// encoding/json decides then. The lists are read by hand, and their texts are
// parts of one string: encoding/json takes more than twice as long, for a site of a
// thousand pages longer than all the rest of a gateway's start.
func decodeQuickly(data []byte) (d Deployment, ok bool) {
	r := &quickReader{text: string(data)}
	ok = r.document(func(key string) {
		switch key {
		case "schema":
			d.Schema = int(r.number())
		case "id":
			d.ID = r.string()
		case "buildId":
			d.BuildID = r.string()
		case "nextVersion":
			d.NextVersion = r.string()
		case "functions":
			d.Functions = quickList(r, r.function)
		case "outputs":
			d.Outputs = quickList(r, r.output)
		case "pages":
			d.Pages = quickList(r, r.page)
		case "assets":
			d.Assets = quickList(r, r.asset)
		case "app":
			r.any(&d.App)
		case "routing":
			r.any(&d.Routing)
		case "webhooks":
			r.any(&d.Webhooks)
		case "jobs":
			r.any(&d.Jobs)
		case "crons":
			r.any(&d.Crons)
		default:
			r.odd = true
		}
	})
	return d, ok
}

// DecodeFunctionDocument reads what is in a function's archive.
func DecodeFunctionDocument(data []byte) (*FunctionDocument, error) {
	d, ok := functionQuickly(data)
	if !ok {
		d = FunctionDocument{}
		if err := json.Unmarshal(data, &d); err != nil {
			return nil, fmt.Errorf("decode function: %w", err)
		}
	}
	if d.Schema != FunctionDocumentSchema {
		return nil, fmt.Errorf("decode function: it has schema %d, and this reads %d: pack the app again", d.Schema, FunctionDocumentSchema)
	}
	return &d, nil
}

// functionQuickly is decodeQuickly for a function's document.
func functionQuickly(data []byte) (d FunctionDocument, ok bool) {
	r := &quickReader{text: string(data)}
	ok = r.document(func(key string) {
		switch key {
		case "schema":
			d.Schema = int(r.number())
		case "app":
			r.any(&d.App)
		case "function":
			r.function(&d.Function)
		default:
			r.odd = true
		}
	})
	return d, ok
}

func (r *quickReader) function(f *Function) {
	r.object(func(key string) {
		switch key {
		case "name":
			f.Name = r.string()
		case "kind":
			f.Kind = FunctionKind(r.string())
		case "entries":
			r.odd = r.odd || f.Entries != nil
			f.Entries = quickList(r, r.entry)
		case "maxDuration":
			f.MaxDuration = int(r.number())
		case "memory":
			f.Memory = int(r.number())
		case "architecture":
			f.Architecture = Architecture(r.string())
		case "regions":
			f.Regions = r.strings()
		case "environment":
			r.odd = r.odd || f.Environment != nil
			r.any(&f.Environment)
		case "archive":
			r.odd = r.odd || f.Archive != nil
			f.Archive = r.archive()
		default:
			r.odd = true
		}
	})
}

// archive takes an object; null is none.
func (r *quickReader) archive() *Archive {
	if r.word("null") {
		return nil
	}
	a := &Archive{}
	r.object(func(key string) {
		switch key {
		case "digest":
			a.Digest = r.string()
		case "files":
			a.Files = int(r.number())
		case "zipped":
			a.Zipped = r.number()
		case "unzipped":
			a.Unzipped = r.number()
		default:
			r.odd = true
		}
	})
	return a
}

func (r *quickReader) entry(e *Entry) {
	r.object(func(key string) {
		switch key {
		case "file":
			e.File = r.string()
		case "runtime":
			e.Runtime = r.string()
		case "type":
			e.Type = r.string()
		case "page":
			e.Page = r.string()
		case "pathname":
			e.Pathname = r.string()
		default:
			r.odd = true
		}
	})
}

func (r *quickReader) output(o *Output) {
	r.object(func(key string) {
		switch key {
		case "pathname":
			o.Pathname = r.string()
		case "type":
			o.Type = r.string()
		case "runtime":
			o.Runtime = r.string()
		case "function":
			o.Function = r.string()
		case "entry":
			o.Entry = r.string()
		default:
			r.odd = true
		}
	})
}

func (r *quickReader) page(p *Page) {
	r.object(func(key string) {
		switch key {
		case "pathname":
			p.Pathname = r.string()
		case "route":
			p.Route = r.string()
		case "kind":
			p.Kind = r.string()
		case "function":
			p.Function = r.string()
		case "key":
			p.Key = r.string()
		case "template":
			p.Template = r.bool()
		case "parts":
			r.odd = r.odd || p.Parts != nil
			p.Parts = quickList(r, r.part)
		case "seed":
			r.odd = r.odd || p.Seed != nil
			r.any(&p.Seed)
		case "notFound":
			p.NotFound = r.bool()
		case "allowQuery":
			p.AllowQuery = r.strings()
		case "bypassFor":
			r.odd = r.odd || p.BypassFor != nil
			p.BypassFor = quickList(r, r.condition)
		case "partiallyStatic":
			p.PartiallyStatic = r.bool()
		case "completable":
			p.Completable = r.bool()
		case "partialFallback":
			p.PartialFallback = r.bool()
		default:
			r.odd = true
		}
	})
}

func (r *quickReader) part(p *Part) {
	r.object(func(key string) {
		switch key {
		case "pathname":
			p.Pathname = r.string()
		case "name":
			p.Name = r.string()
		case "headers":
			r.odd = r.odd || p.Headers != nil
			r.any(&p.Headers)
		case "file":
			p.File = r.string()
		default:
			r.odd = true
		}
	})
}

func (r *quickReader) condition(c *Condition) {
	r.object(func(key string) {
		switch key {
		case "type":
			c.Type = r.string()
		case "key":
			c.Key = r.string()
		case "value":
			c.Value = r.string()
		default:
			r.odd = true
		}
	})
}

func (r *quickReader) asset(a *Asset) {
	r.object(func(key string) {
		switch key {
		case "pathname":
			a.Pathname = r.string()
		case "file":
			a.File = r.string()
		case "size":
			a.Size = r.number()
		case "digest":
			a.Digest = r.string()
		case "source":
			a.Source = r.string()
		case "immutable":
			a.Immutable = r.bool()
		default:
			r.odd = true
		}
	})
}
