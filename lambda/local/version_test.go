package local_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"pack/lambda/local"
)

// TestVersions: versions of a function run beside each other, an alias means the
// one that it was given last, and what does not exist is told to the SDK as AWS
// does.
func TestVersions(t *testing.T) {
	one, two := function("f"), function("f")
	one.Version, two.Version = "1", "2"
	s, _, url := serve(t, local.Options{}, function("f"), one, two)
	c := client(url)
	executed := func(name, qualifier string) string {
		t.Helper()
		input := &lambda.InvokeInput{FunctionName: &name, Payload: do("other")}
		if qualifier != "" {
			input.Qualifier = &qualifier
		}
		out, err := c.Invoke(t.Context(), input)
		if err != nil || string(out.Payload) != `"ok"` {
			t.Fatalf("%s %s: %+v, %v", name, qualifier, out, err)
		}
		return aws.ToString(out.ExecutedVersion)
	}
	for _, want := range []string{"2", "1"} {
		if err := s.Alias("f", "live", want); err != nil {
			t.Fatal(err)
		}
		for _, got := range []string{executed("f", "live"), executed("f:live", ""), executed("arn:aws:lambda:us-east-1:123456789012:function:f", "live")} {
			if got != want {
				t.Errorf("live is %s, want %s", got, want)
			}
		}
	}
	if got := executed("f", "2") + executed("f:1", "") + executed("f", "") + executed("f", "$LATEST"); got != "21$LATEST$LATEST" {
		t.Errorf("executed %s", got)
	}
	if stats := s.Stats(); stats["f:1"].Invocations != 4 || stats["f:2"].Invocations != 4 || stats["f"].Invocations != 2 {
		t.Errorf("%+v", stats)
	}
	var absent *types.ResourceNotFoundException
	if _, err := c.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f"), Qualifier: aws.String("3")}); !errors.As(err, &absent) {
		t.Errorf("version 3: %v", err)
	}
	var none *local.NotFoundError
	if err := s.Alias("f", "live", "3"); !errors.As(err, &none) {
		t.Errorf("alias of version 3: %v", err)
	}
}
