// Package clock compares this machine's clock with that of an AWS service, which every
// answer tells in whole seconds.
package clock

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// agreement is how much the clocks may differ, beyond what an answer's Date leaves open,
// without being taken to. A greater difference counts when it has been there for
// persistence: servers that are busy send the Date of a moment before. From leap on it
// counts at once.
const (
	agreement   = time.Second
	leap        = 15 * time.Second
	persistence = 3 * time.Second
)

// Clock is an s3cache.Clock. The zero value knows nothing yet.
type Clock struct {
	mu     sync.Mutex
	known  bool
	offset time.Duration
	// doubted is since when every answer says that the offset is another; zero when
	// the latest did not.
	doubted time.Time
}

// Offset is how far the service's clock is ahead of this machine's, 0 if they agree to
// about a second; known is false before the first answer.
func (c *Clock) Offset() (ahead time.Duration, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset, c.known
}

// Compare takes the Date of an answer that came between two moments of this machine.
func (c *Clock) Compare(sent, received, date time.Time) {
	// The service read its clock in between, and cut off the part of a second.
	least, most := date.Sub(received), date.Add(time.Second).Sub(sent)
	within := func(offset time.Duration) bool { return offset >= least-agreement && offset <= most+agreement }
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = true
	told := (least + most) / 2
	if within(0) {
		told = 0
	}
	switch {
	case within(c.offset):
		c.doubted = time.Time{}
		return
	case (told - c.offset).Abs() >= leap:
	case c.doubted.IsZero():
		c.doubted = received
		return
	case received.Sub(c.doubted) < persistence:
		return
	}
	slog.Warn("clock differs from the service's", "ahead", told.Round(time.Second/10), "before", c.offset.Round(time.Second/10))
	c.offset, c.doubted = told, time.Time{}
}

// Listen makes an operation of any service compare the clocks at every answer. It is an
// API option of the SDK's clients.
func (c *Clock) Listen(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("compareClocks",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			sent := time.Now()
			out, metadata, err := next.HandleDeserialize(ctx, in)
			if answer, ok := out.RawResponse.(*smithyhttp.Response); ok && answer != nil {
				if date, invalid := http.ParseTime(answer.Header.Get("Date")); invalid == nil {
					c.Compare(sent, time.Now(), date)
				}
			}
			return out, metadata, err
		}), middleware.After)
}
