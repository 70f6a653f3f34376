package node

import (
	"context"
	"encoding/json"
	"fmt"
)

// answer runs one call of the child against the platform.
func answer(ctx context.Context, c *channel, p Platform, k *call) {
	reply := map[string]any{"re": k.ID}
	bodies, err := dispatch(ctx, p, k, reply)
	if err != nil {
		reply = map[string]any{"re": k.ID, "error": err.Error()}
		bodies = nil
	}
	// A child that is gone needs no answer.
	_ = c.write(reply, bodies...)
}

func dispatch(ctx context.Context, p Platform, k *call, reply map[string]any) ([][]byte, error) {
	switch k.Op {
	case "get":
		return get(ctx, p, k, reply)
	case "set":
		return nil, set(ctx, p, k)
	case "revalidate-tag":
		var m struct {
			Tags   []string
			Stale  bool
			Expire *float64
		}
		if err := json.Unmarshal(k.raw, &m); err != nil {
			return nil, err
		}
		var expire *int64
		if m.Expire != nil {
			seconds := int64(*m.Expire)
			expire = &seconds
		}
		return nil, p.RevalidateTag(ctx, m.Tags, m.Stale, expire)
	case "revalidate-path":
		var m struct {
			Path    string
			Headers map[string]string
		}
		if err := json.Unmarshal(k.raw, &m); err != nil {
			return nil, err
		}
		return nil, p.RevalidatePath(ctx, m.Path, m.Headers)
	}
	return nil, fmt.Errorf("unknown operation %q", k.Op)
}

func get(ctx context.Context, p Platform, k *call, reply map[string]any) ([][]byte, error) {
	var m struct {
		Key   string
		Fetch bool
		Tags  []string
	}
	if err := json.Unmarshal(k.raw, &m); err != nil {
		return nil, err
	}
	v, err := p.Get(ctx, m.Key, m.Fetch, m.Tags)
	if err != nil || v == nil {
		return nil, err
	}
	heads := make([]partHead, len(v.Parts))
	bodies := make([][]byte, len(v.Parts))
	for i, part := range v.Parts {
		heads[i], bodies[i] = partHead{part.Name, len(part.Body)}, part.Body
	}
	reply["found"], reply["entry"], reply["parts"], reply["state"] = true, v, heads, "fresh"
	switch {
	case v.Expired:
		reply["state"] = "expired"
	case v.Stale:
		reply["state"] = "stale"
	}
	return bodies, nil
}

func set(ctx context.Context, p Platform, k *call) error {
	var m struct {
		Key   string
		Fetch bool
		Entry CacheValue
		Parts []partHead
	}
	if err := json.Unmarshal(k.raw, &m); err != nil {
		return err
	}
	rest := k.body
	for _, head := range m.Parts {
		if head.Length < 0 || head.Length > len(rest) {
			return fmt.Errorf("part %q of %q is %d bytes, %d came", head.Name, m.Key, head.Length, len(rest))
		}
		m.Entry.Parts = append(m.Entry.Parts, CachePart{head.Name, rest[:head.Length:head.Length]})
		rest = rest[head.Length:]
	}
	return p.Set(ctx, m.Key, m.Fetch, &m.Entry)
}
