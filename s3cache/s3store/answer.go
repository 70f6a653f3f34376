package s3store

import (
	"context"
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// status returns the HTTP status of the answer that an error is, or 0.
func status(err error) int {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) {
		return answer.HTTPStatusCode()
	}
	return 0
}

// absent reports whether S3 said that there is no such object, and not that there is no
// such bucket.
func absent(err error) bool {
	var said smithy.APIError
	return status(err) == http.StatusNotFound && errors.As(err, &said) && said.ErrorCode() != "NoSuchBucket"
}

// refused reports whether the condition of a write did not hold: 412, 409 when another
// write came between, 404 when there is nothing to match.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
func refused(err error) bool {
	switch status(err) {
	case http.StatusPreconditionFailed:
		return true
	case http.StatusConflict:
		var said smithy.APIError
		return errors.As(err, &said) && (said.ErrorCode() == "ConditionalRequestConflict" || said.ErrorCode() == "OperationAborted")
	}
	return absent(err)
}

// countAttempts makes an operation count its requests in n, the SDK's own retries
// included. Without the count nobody can tell a write that was refused from one that
// was done, lost its answer, and was refused when made again.
func countAttempts(n *int) func(*s3.Options) {
	return func(o *s3.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("countAttempts",
				func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
					*n++
					return next.HandleFinalize(ctx, in)
				}), "Retry", middleware.After)
		})
	}
}
