// Package platform answers what Next asks of its host: the page cache and data
// cache behind cacheHandler, tag revalidation, and res.revalidate.
package platform

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"pack/lambda/node"
	"pack/manifest"
	"pack/s3cache"
)

// Platform implements node.Platform.
type Platform struct {
	// Cache is that of requests that name no deployment (node.Caller); the others'
	// are made of it. With OnlyNamed there are no such requests but an owner's by
	// hand: they find nothing, and nothing of theirs is kept.
	Cache     *s3cache.Cache
	OnlyNamed bool
	// Refresh renders a path of the app anew and returns what the gateway
	// answered; nil where nothing can be reached.
	Refresh func(ctx context.Context, path string, header http.Header) (*http.Response, error)
	// OnRevalidate is told which tags were revalidated, for a CDN to follow; it
	// may be nil. It must not wait: Next does meanwhile.
	OnRevalidate func(tags []string)
}

var _ node.Platform = (*Platform)(nil)

// of gives the cache of the deployment whose request is answered; nil for none.
func (p *Platform) of(ctx context.Context) *s3cache.Cache {
	switch deployment := node.CallerOf(ctx).Deployment; {
	case deployment != "":
		return p.Cache.Of(deployment)
	case p.OnlyNamed:
		return nil
	}
	return p.Cache
}

// Get implements node.Platform. A store that fails is a miss, reported here:
// Next renders and goes on.
func (p *Platform) Get(ctx context.Context, key string, fetch bool, tags []string) (*node.CacheValue, error) {
	cache := p.of(ctx)
	if cache == nil {
		return nil, nil
	}
	entry, state, err := cache.Lookup(ctx, cacheKey(key, fetch), tags)
	if err != nil {
		slog.Error("cache lookup failed", "key", key, "error", err)
	}
	if state == s3cache.Missing || state == s3cache.Expired && fetch {
		return nil, nil
	}
	v, err := value(entry, state)
	if tag, ok := manifest.KeyTag(key); ok && err == nil {
		// Ours, and nothing that Next has ever given such a page.
		v.Tags = slices.DeleteFunc(slices.Clone(v.Tags), func(t string) bool { return t == tag })
	}
	return v, err
}

// Set implements node.Platform.
func (p *Platform) Set(ctx context.Context, key string, fetch bool, v *node.CacheValue) error {
	cache := p.of(ctx)
	if cache == nil {
		return nil
	}
	e, err := entry(v)
	if err != nil {
		return fmt.Errorf("cache %s: %w", key, err)
	}
	if tag, ok := manifest.KeyTag(key); ok && !fetch && !slices.Contains(e.Tags, tag) {
		e.Tags = append(slices.Clip(e.Tags), tag)
	}
	_, err = cache.Store(ctx, cacheKey(key, fetch), e)
	return err
}

// RevalidateTag implements node.Platform.
func (p *Platform) RevalidateTag(ctx context.Context, tags []string, stale bool, expire *int64) error {
	var durations *s3cache.Durations
	if stale {
		durations = &s3cache.Durations{Expire: expire}
	}
	err := p.Cache.RevalidateTags(ctx, tags, durations)
	if err == nil && p.OnRevalidate != nil {
		p.OnRevalidate(tags)
	}
	return err
}

// RevalidatePath implements node.Platform. Like Next's own server it takes any
// answer for success that says REVALIDATED, whatever its status.
func (p *Platform) RevalidatePath(ctx context.Context, path string, header map[string]string) error {
	if p.Refresh == nil {
		return fmt.Errorf("revalidate %s: this function reaches no gateway", path)
	}
	h := make(http.Header, len(header))
	for name, v := range header {
		h.Set(name, v)
	}
	response, err := p.Refresh(ctx, path, h)
	if err != nil {
		return fmt.Errorf("revalidate %s: %w", path, err)
	}
	defer response.Body.Close()
	onlyGenerated := h.Get("X-Prerender-Revalidate-If-Generated") != ""
	if response.Header.Get("X-Nextjs-Cache") == "REVALIDATED" || response.StatusCode == http.StatusOK ||
		response.StatusCode == http.StatusNotFound && onlyGenerated {
		if p.OnRevalidate != nil {
			p.OnRevalidate([]string{manifest.PathTag(pathOnly(path))})
		}
		return nil
	}
	//lint:ignore ST1005 The words are those of next start: res.revalidate hands them to the app.
	return fmt.Errorf("Invalid response %d", response.StatusCode)
}

// pathOnly is the path as pages carry it in their tags.
func pathOnly(target string) string {
	path, _, _ := strings.Cut(target, "?")
	if trimmed := strings.TrimRight(path, "/"); trimmed != "" {
		return trimmed
	}
	return "/"
}

func cacheKey(key string, fetch bool) s3cache.Key {
	if fetch {
		return s3cache.DataKey(key)
	}
	return s3cache.PageKey(key)
}

// entry makes a stored entry of what Next hands over.
func entry(v *node.CacheValue) (*s3cache.Entry, error) {
	e := &s3cache.Entry{
		Kind: v.Kind, Status: v.Status, Tags: v.Tags,
		Created: v.Created, Revalidate: v.Revalidate, Expire: v.Expire,
	}
	for name, raw := range v.Headers {
		values, err := headerValues(raw)
		if err != nil {
			return nil, fmt.Errorf("header %s: %w", name, err)
		}
		if e.Header == nil {
			e.Header = make(map[string][]string, len(v.Headers))
		}
		e.Header[strings.ToLower(name)] = values
	}
	// Nobody's cookies belong into an entry that everybody gets.
	delete(e.Header, "set-cookie")
	for _, part := range v.Parts {
		e.Parts = append(e.Parts, s3cache.Part{Name: part.Name, Body: part.Body})
	}
	if len(v.Value) > 0 {
		e.Parts = append(e.Parts, s3cache.Part{Name: s3cache.PartValue, Body: v.Value})
	}
	return e, nil
}

// headerValues reads a value of Node's OutgoingHttpHeaders: a string, a number
// or a list of strings.
func headerValues(raw json.RawMessage) ([]string, error) {
	var decoded any
	if err := json.Unmarshal(raw, &decoded); err != nil {
		return nil, err
	}
	switch v := decoded.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}, nil
	case []any:
		var list []string
		for _, one := range v {
			list = append(list, fmt.Sprint(one))
		}
		return list, nil
	}
	return nil, fmt.Errorf("unexpected value %s", raw)
}

// value makes of a stored entry what Next takes.
func value(e *s3cache.Entry, state s3cache.State) (*node.CacheValue, error) {
	v := &node.CacheValue{
		Kind: e.Kind, Status: e.Status, Tags: e.Tags,
		Created: e.Created, Revalidate: e.Revalidate, Expire: e.Expire,
		Stale: state == s3cache.Stale, Expired: state == s3cache.Expired,
	}
	for name, values := range e.Header {
		var encoded []byte
		var err error
		if len(values) == 1 {
			encoded, err = json.Marshal(values[0])
		} else {
			encoded, err = json.Marshal(values)
		}
		if err != nil {
			return nil, err
		}
		if v.Headers == nil {
			v.Headers = make(map[string]json.RawMessage, len(e.Header))
		}
		v.Headers[name] = encoded
	}
	for _, part := range e.Parts {
		if part.Name == s3cache.PartValue && e.Kind != s3cache.KindFetch {
			v.Value = json.RawMessage(part.Body)
			continue
		}
		v.Parts = append(v.Parts, node.CachePart{Name: part.Name, Body: part.Body})
	}
	return v, nil
}
