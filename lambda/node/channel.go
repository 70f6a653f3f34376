package node

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// maxFrame bounds one frame: a page's HTML, RSC and segments together.
const maxFrame = 256 << 20

// call is a frame from the child: an event, or a call that wants an answer.
type call struct {
	// Event is "ready", "failed", "compiled" or "settled"; empty for a call.
	Event string `json:"event"`
	ID    int64  `json:"id"`
	Op    string `json:"op"`

	// Of "failed".
	Name, Message, Stack string
	// Of "settled".
	Invocation string
	Failures   []Failure
	// Caller is the Invocation's whose work makes a call; nil when it is not known.
	Caller *Caller `json:"caller"`

	raw  json.RawMessage
	body []byte
}

// Failure is one promise given to waitUntil that was rejected.
type Failure struct {
	// Message is the error with its stack.
	Message string `json:"message"`
	// AgeMS is how long after the invocation's start it failed.
	AgeMS int64 `json:"ageMs"`
}

// Platform is what the JavaScript half asks of Go. CallerOf tells of a context
// whose request it asks for.
type Platform interface {
	// Get answers Next's cacheHandler.get; fetch marks the data cache. nil is a
	// miss.
	Get(ctx context.Context, key string, fetch bool, tags []string) (*CacheValue, error)
	// Set answers cacheHandler.set.
	Set(ctx context.Context, key string, fetch bool, v *CacheValue) error
	// RevalidateTag answers cacheHandler.revalidateTag; expire is in seconds,
	// nil when the caller gave none. With stale unset the tags expire at once.
	RevalidateTag(ctx context.Context, tags []string, stale bool, expire *int64) error
	// RevalidatePath renders path again and stores it (res.revalidate).
	RevalidatePath(ctx context.Context, path string, header map[string]string) error
}

// Caller is whose request an invocation answers: deployments in which a function
// is the same one share its instances.
type Caller struct {
	// Deployment is the one whose pages it reads and writes, Gateway the version of
	// the gateway ("name:version") that it asks for others; empty when not told.
	Deployment string `json:"deployment,omitempty"`
	Gateway    string `json:"gateway,omitempty"`
}

type callerKey struct{}

// WithCaller returns a context of work for a request.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf returns whose request work is for; zero when nobody said.
func CallerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// CacheValue is one entry on its way between Next and the store.
type CacheValue struct {
	Kind    string                     `json:"kind"`
	Status  int                        `json:"status,omitempty"`
	Headers map[string]json.RawMessage `json:"headers,omitempty"`
	Tags    []string                   `json:"tags,omitempty"`
	// Created is milliseconds since 1970.
	Created int64 `json:"created"`
	// Revalidate and Expire are ages in seconds; nil: never.
	Revalidate *int64 `json:"revalidate"`
	Expire     *int64 `json:"expire"`
	// Value holds a cache value without parts (a redirect).
	Value json.RawMessage `json:"value,omitempty"`

	Parts []CachePart `json:"-"`
	// Stale is set by Get: usable, but to be refreshed. Expired pages are given
	// too, for Next to know that it renders one anew and not for the first time.
	Stale   bool `json:"-"`
	Expired bool `json:"-"`
}

// CachePart is one named body of a CacheValue.
type CachePart struct {
	Name string
	Body []byte
}

type partHead struct {
	Name   string `json:"name"`
	Length int    `json:"length"`
}

// channel is Go's end of channel.cjs.
type channel struct {
	conn io.ReadWriteCloser
	in   *bufio.Reader
	mu   sync.Mutex
}

func newChannel(conn io.ReadWriteCloser) *channel {
	return &channel{conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}
}

func (c *channel) read() (*call, error) {
	var head [8]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return nil, err
	}
	jsonLen, bodyLen := binary.BigEndian.Uint32(head[:4]), binary.BigEndian.Uint32(head[4:])
	if uint64(jsonLen)+uint64(bodyLen) > maxFrame {
		return nil, fmt.Errorf("frame of %d bytes from the Node process; the limit is %d", uint64(jsonLen)+uint64(bodyLen), maxFrame)
	}
	frame := make([]byte, int(jsonLen)+int(bodyLen))
	if _, err := io.ReadFull(c.in, frame); err != nil {
		return nil, err
	}
	k := &call{raw: frame[:jsonLen:jsonLen], body: frame[jsonLen:]}
	if err := json.Unmarshal(k.raw, k); err != nil {
		return nil, fmt.Errorf("decode frame from the Node process: %w", err)
	}
	return k, nil
}

func (c *channel) write(message any, bodies ...[]byte) error {
	encoded, err := json.Marshal(message)
	if err != nil {
		return err
	}
	total := 0
	for _, b := range bodies {
		total += len(b)
	}
	frame := make([]byte, 8, 8+len(encoded)+total)
	binary.BigEndian.PutUint32(frame[:4], uint32(len(encoded)))
	binary.BigEndian.PutUint32(frame[4:], uint32(total))
	frame = append(frame, encoded...)
	for _, b := range bodies {
		frame = append(frame, b...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err = c.conn.Write(frame)
	return err
}
