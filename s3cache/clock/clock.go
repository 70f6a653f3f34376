// Package clock compares this machine's clock with that of an AWS service, which every
// answer tells in whole seconds.
package clock

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// agreement is how much the clocks may differ, beyond what an answer's Date leaves open,
// without being taken to.
const agreement = time.Second

// Clock is an s3cache.Clock. The zero value knows nothing yet.
type Clock struct {
	mu     sync.Mutex
	known  bool
	offset time.Duration
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
	switch {
	case c.known && within(c.offset):
	case within(0):
		c.offset = 0
	default:
		c.offset = (least + most) / 2
	}
	c.known = true
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
