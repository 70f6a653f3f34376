// Command imagefunction is the program of the image function: /_next/image,
// without Node. It is a program of its own because the codecs weigh more than
// everything else that runs in Lambda.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"pack/lambda/event"
	"pack/lambda/images"
	"pack/lambda/invoke"
	"pack/lambda/logs"
	"pack/lambda/runtime"
	"pack/lambda/state"
	"pack/manifest"
	"pack/s3cache"
)

func main() {
	slog.SetDefault(slog.New(logs.Handler(os.Stderr)))
	api := os.Getenv("AWS_LAMBDA_RUNTIME_API")
	handler, err := open(os.Getenv)
	if err != nil {
		_ = runtime.ReportInit(api, err)
	} else {
		err = runtime.Serve(api, event.Handle(handler))
	}
	fmt.Fprintln(os.Stderr, "pack:", err)
	os.Exit(1)
}

// open makes the handler of what the archive says; the variables are those of
// the other functions (docs/design.md).
func open(env func(string) string) (*images.Handler, error) {
	document := filepath.Join(env("LAMBDA_TASK_ROOT"), manifest.FunctionFile)
	raw, err := os.ReadFile(document)
	if err != nil {
		return nil, err
	}
	d, err := manifest.DecodeFunctionDocument(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", document, err)
	}
	where := state.Settings{Dir: env("PACK_STATE_DIR"), Bucket: env("PACK_BUCKET"), BucketOwner: env("PACK_BUCKET_OWNER"), KMSKey: env("PACK_BUCKET_KEY"), TagTable: env("PACK_TAG_TABLE")}
	opened, err := state.Open(where)
	if err != nil {
		return nil, err
	}
	app := source{client: invoke.FromEnvironment(env), gateway: env("PACK_GATEWAY")}
	return images.New(images.Options{
		Images: d.App.Images, BasePath: d.App.BasePath, Local: app.fetch,
		Store: pictures{opened.Cache("", "", -1), env("PACK_DEPLOYMENT")},
		Background: func(ctx context.Context, work func(context.Context)) {
			event.AfterResponse(ctx, func() { work(context.WithoutCancel(ctx)) })
		},
		Log: slog.Default(),
	}), nil
}

// source fetches the app's own pictures, files as well as routes, through the
// gateway: that of the release which calls.
type source struct {
	client  *invoke.Client
	gateway string
}

func (s source) fetch(ctx context.Context, path string, header http.Header) (*http.Response, error) {
	target, err := url.ParseRequestURI(path)
	if err != nil {
		return nil, err
	}
	r := &http.Request{
		Method: http.MethodGet, URL: target, Host: "localhost", Header: header.Clone(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	gateway := s.gateway
	if call := event.CallOf(ctx); call != nil && call.Gateway != "" {
		gateway = call.Gateway
	}
	return s.client.Invoke(ctx, gateway, r.WithContext(ctx), &event.Call{})
}

// pictures keeps encoded pictures in the page store, among the pages of the
// deployment whose request it is.
type pictures struct {
	cache *s3cache.Cache
	// deployment is that of requests that name none; empty where all do.
	deployment string
}

// of gives the cache of the request's deployment; nil for none, where nothing is kept.
func (p pictures) of(ctx context.Context) *s3cache.Cache {
	if call := event.CallOf(ctx); call != nil && call.Deployment != "" {
		return p.cache.Of(call.Deployment)
	}
	if p.deployment == "" {
		return nil
	}
	return p.cache.Of(p.deployment)
}

func (p pictures) Get(ctx context.Context, key string) (*images.Entry, error) {
	cache := p.of(ctx)
	if cache == nil {
		return nil, nil
	}
	entry, state, err := cache.Lookup(ctx, s3cache.PageKey("/image/"+key), nil)
	if state == s3cache.Missing || err != nil {
		return nil, err
	}
	about, body := entry.Part(s3cache.PartValue), entry.Part(s3cache.PartBody)
	if about == nil || body == nil {
		return nil, nil
	}
	picture := &images.Entry{}
	if err := json.Unmarshal(about.Body, picture); err != nil {
		return nil, fmt.Errorf("decode picture %s: %w", key, err)
	}
	picture.Body = body.Body
	return picture, nil
}

func (p pictures) Put(ctx context.Context, key string, picture *images.Entry) error {
	cache := p.of(ctx)
	if cache == nil {
		return nil
	}
	head := *picture
	head.Body = nil
	about, err := json.Marshal(head)
	if err != nil {
		return err
	}
	// How long a picture is fresh is the optimiser's to judge.
	_, err = cache.Store(ctx, s3cache.PageKey("/image/"+key), &s3cache.Entry{
		Kind: s3cache.KindImage, Created: picture.Created.UnixMilli(),
		Parts: []s3cache.Part{{Name: s3cache.PartValue, Body: about}, {Name: s3cache.PartBody, Body: picture.Body}},
	})
	return err
}
