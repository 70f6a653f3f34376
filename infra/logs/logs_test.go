package logs_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"pack/infra/logs"
	"pack/tests/awsservers"
)

func TestMain(m *testing.M) { os.Exit(awsservers.Run(m)) }

func TestText(t *testing.T) {
	at := time.Date(2026, 11, 26, 10, 0, 0, 5e6, time.UTC)
	for _, test := range []struct{ event, want string }{
		{"plain text\n", "10:00:00.005 shop plain text"},
		{`{"time":"2026-11-26T10:00:01.25Z","level":"ERROR","msg":"post-response work abandoned","route":"/cart","ageMs":31,"error":"context deadline exceeded"}`,
			`10:00:01.250 shop ERROR post-response work abandoned ageMs=31 error="context deadline exceeded" route=/cart`},
		{`{"timestamp":"x","level":"INFO","message":{"a":1},"requestId":"r"}`, `10:00:00.005 shop {"a":1} requestId=r`},
		{`{"level":"WARN","msg":"no","stack":"Error: no\n  at x\n"}`, "10:00:00.005 shop WARN no\n    Error: no\n      at x"},
		{`{"order":7}`, `10:00:00.005 shop {"order":7}`},
		{`{broken`, `10:00:00.005 shop {broken`},
		{`{"time":"t","type":"platform.report","record":{"requestId":"r","status":"success","metrics":{"durationMs":12.5,"billedDurationMs":13,"memorySizeMB":1024,"maxMemoryUsedMB":84,"initDurationMs":150}}}`,
			"10:00:00.005 shop report: success, took 12.5 ms, billed 13 ms, cold start 150 ms, 84 of 1024 MB"},
		{`{"type":"platform.report","record":{"status":"timeout","metrics":{"durationMs":1000}}}`, "10:00:00.005 shop ERROR report: timeout, took 1000 ms"},
		{`{"type":"platform.start","record":{"requestId":"r"}}`, "10:00:00.005 shop start"},
	} {
		l := logs.Parse(test.event, at)
		l.Function = "shop"
		if got := strings.TrimPrefix(l.Text(), "2026-11-26 "); got != test.want {
			t.Errorf("%s\nis shown as %s\nwant        %s", test.event, got, test.want)
		}
		if quiet := strings.Contains(test.event, "platform") && !strings.Contains(test.event, "timeout"); l.Quiet != quiet {
			t.Errorf("%s: quiet is %v", test.event, l.Quiet)
		}
	}
}

func TestReadAndFollow(t *testing.T) {
	moto := awsservers.Moto(t)
	client := cloudwatchlogs.NewFromConfig(moto.Config)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	prefix := awsservers.NewName()[:12]
	for _, name := range []string{prefix + "_gateway", prefix + "_cart", prefix + "x_cart"} {
		if _, err := client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/aws/lambda/" + name)}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("/aws/lambda/" + name), LogStreamName: aws.String("s")}); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	put := func(function, message string, ago time.Duration) {
		t.Helper()
		_, err := client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{
			LogGroupName: aws.String("/aws/lambda/" + function), LogStreamName: aws.String("s"),
			LogEvents: []types.InputLogEvent{{Message: &message, Timestamp: aws.Int64(now.Add(-ago).UnixMilli())}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	put(prefix+"_gateway", "an hour ago", time.Hour)
	put(prefix+"_gateway", "second", time.Second)
	put(prefix+"_cart", "first", 2*time.Second)
	put(prefix+"x_cart", "another app's", time.Second)
	said := func(lines []logs.Line) string {
		var all []string
		for _, l := range lines {
			all = append(all, l.Function+": "+l.Message)
		}
		return strings.Join(all, ", ")
	}
	r := &logs.Reader{Config: moto.Config, Region: awsservers.Region, Prefix: prefix}
	lines, err := r.Read(ctx, now.Add(-time.Minute))
	if want := "cart: first, gateway: second"; err != nil || said(lines) != want {
		t.Errorf("the last minute is %q, %v; want %q", said(lines), err, want)
	}
	r.Functions = []string{"gateway"}
	var seen []string
	ended := r.Follow(ctx, now.Add(-time.Minute), 10*time.Millisecond, func(lines []logs.Line) error {
		seen = append(seen, said(lines))
		if len(seen) == 1 {
			put(prefix+"_gateway", "third", 0)
			return nil
		}
		return context.Canceled
	})
	if want := "gateway: second; gateway: third"; ended != context.Canceled || strings.Join(seen, "; ") != want {
		t.Errorf("following shows %q and ends with %v; want %q", strings.Join(seen, "; "), ended, want)
	}
}
