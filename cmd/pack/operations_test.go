package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"pack/tests/awsservers"
)

// onMoto runs one command line against an account of moto's.
func onMoto(t *testing.T, server awsservers.Server, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	for _, kv := range append(server.Environ(), "AWS_ENDPOINT_URL="+server.Endpoint) {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	var out, err bytes.Buffer
	code = run(context.Background(), append([]string{"pack"}, args...), streams{out: &out, err: &err})
	return out.String(), err.String(), code
}

// bareApp is an app's folder in which nothing was packed.
func bareApp(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"name":"`+name+`"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestLogs(t *testing.T) {
	moto, ctx := awsservers.Moto(t), context.Background()
	app := bareApp(t, "logged")
	client := cloudwatchlogs.NewFromConfig(moto.Config)
	group, stream := aws.String("/aws/lambda/logged-production_cart"), aws.String("s")
	if _, err := client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream}); err != nil {
		t.Fatal(err)
	}
	var events []types.InputLogEvent
	for _, text := range []string{
		`{"level":"ERROR","msg":"route could not be run","route":"/cart"}`,
		`{"type":"platform.report","record":{"status":"success","metrics":{"durationMs":3}}}`,
	} {
		events = append(events, types.InputLogEvent{Message: aws.String(text), Timestamp: aws.Int64(time.Now().UnixMilli())})
	}
	if _, err := client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: events}); err != nil {
		t.Fatal(err)
	}
	out, said, code := onMoto(t, moto, "logs", app)
	if code != 0 || !strings.Contains(out, "cart ERROR route could not be run route=/cart\n") || strings.Contains(out, "report") {
		t.Errorf("status %d, %s\n%s", code, out, said)
	}
	out, _, _ = onMoto(t, moto, "logs", "--all", "--json", app)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for _, line := range lines {
		var object struct{ Function, Message string }
		if err := json.Unmarshal([]byte(line), &object); err != nil || object.Function != "cart" {
			t.Errorf("%s: %v", line, err)
		}
	}
	if len(lines) != 2 {
		t.Errorf("there are %d lines", len(lines))
	}
	// Of what is not deployed, nobody waits for lines.
	for _, more := range [][]string{nil, {"--follow"}} {
		args := append(append([]string{"logs", "--stage", "stagin"}, more...), app)
		if out, said, code = onMoto(t, moto, args...); code != 1 || out != "" || !strings.Contains(said, "logged-stagin has no logs in us-east-1") {
			t.Errorf("%q: status %d, %s%s", args, code, out, said)
		}
	}
	if _, said, code = onMoto(t, moto, "logs", "--route", "/cart", app); code != 1 || !strings.Contains(said, "pack build") {
		t.Errorf("a route of an app that is not packed: status %d, %s", code, said)
	}
	if _, _, code = onMoto(t, moto, "logs", "--since", "0s", app); code != 2 {
		t.Errorf("no time to go back: status %d", code)
	}
}

func TestStatusBeforeDeploying(t *testing.T) {
	moto, app := awsservers.Moto(t), bareApp(t, "nowhere")
	out, said, code := onMoto(t, moto, "status", app)
	if code != 0 || !strings.Contains(out, "nowhere-production") || !strings.Contains(out, "not deployed") {
		t.Errorf("status %d, %s\n%s", code, out, said)
	}
	out, _, _ = onMoto(t, moto, "status", "--json", "--stage", "staging", app)
	var object struct {
		Schema int
		Name   string
		Queues []any
		Active *struct{}
	}
	if err := json.Unmarshal([]byte(out), &object); err != nil || object.Schema != 1 || object.Name != "nowhere-staging" || object.Queues == nil || object.Active != nil {
		t.Errorf("%s: %v", out, err)
	}
}

func TestDoctor(t *testing.T) {
	moto, app := awsservers.Moto(t), bareApp(t, "patient")
	out, said, code := onMoto(t, moto, "doctor", app)
	if code != 1 || !strings.Contains(out, "Next.js is not installed") || !strings.Contains(out, "arn:aws:") || !strings.Contains(said, "checks failed") {
		t.Errorf("status %d, %s\n%s", code, out, said)
	}
	out, said, code = onMoto(t, moto, "doctor", "--policy", "--account", "123456789012", app)
	if code != 0 || !strings.Contains(out, `"Effect": "Allow"`) || !strings.Contains(out, ":123456789012:function:patient-production_*") || !strings.Contains(said, "Distributions: ") {
		t.Errorf("status %d, %s\n%s", code, out, said)
	}
	out, _, _ = onMoto(t, moto, "doctor", "--policy", "--json", "--account", "123456789012", app)
	var object struct {
		Policies []struct{ Statement []any }
		Reasons  map[string]string
	}
	if err := json.Unmarshal([]byte(out), &object); err != nil || len(object.Policies) == 0 || object.Reasons["Certificates"] == "" {
		t.Errorf("%s: %v", out, err)
	}
}
