//go:build unix

package deploy_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"pack/infra/deploy"
	"pack/manifest"
	"pack/tests/awsstacks"
)

// points are requests of a deploy, one of each step.
var points = map[string]string{
	"archive":   `s3 PUT .*/functions/`,
	"execution": `cloudformation ExecuteChangeSet`,
	"page":      `s3 PUT .*/e/`,
	"release":   `s3 PUT .*/pack/releases/`,
	"traffic":   `s3 PUT .*/pack/traffic`,
	"alias":     `lambda PUT .*/aliases/live`,
}

var unavailable = &awsstacks.Answer{Cut: true}

// expired is S3's answer, and in the shape of the query protocol CloudFormation's.
func expired(what string) *awsstacks.Answer {
	const said = "<Code>ExpiredToken</Code><Message>The provided token has expired.</Message>"
	switch {
	case strings.HasPrefix(what, "s3"):
		return &awsstacks.Answer{Status: 400, ContentType: "application/xml", Body: "<Error>" + said + "</Error>"}
	case strings.HasPrefix(what, "cloudformation"):
		return &awsstacks.Answer{Status: 403, ContentType: "text/xml", Body: "<ErrorResponse><Error><Type>Sender</Type>" + said + "</Error></ErrorResponse>"}
	}
	return &awsstacks.Answer{Status: 403, ContentType: "application/json", Body: `{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}`}
}

// TestInterrupted cuts deploys off at every step, in turns by the owner, by the
// network and by credentials that expire. Visitors see nothing of it, and the next
// deploy goes on.
func TestInterrupted(t *testing.T) {
	c, a := newCloud(t), newApp(t, "home")
	t.Setenv("AWS_MAX_ATTEMPTS", "3")
	c.reopen()
	before := c.deploy(a.pack1())
	hows := []string{"signal", "network", "credentials"}
	short := func(o *deploy.Options) { o.LeaseTime = 8 * time.Second }
	for i, name := range slices.Sorted(maps.Keys(points)) {
		at := regexp.MustCompile(points[name])
		for _, how := range hows[i%3 : i%3+1] {
			t.Run(name+" "+how, func(t *testing.T) {
				a.routes["home"], a.asset = name+how, "body{/*"+name+how+"*/}"
				p := a.pack1()
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				interrupted := errors.New("interrupted")
				var gone atomic.Bool
				c.Break(func(r *http.Request, what string) *awsstacks.Answer {
					// The lease is renewed from beside.
					if at.MatchString(what) {
						gone.Store(true)
					}
					switch {
					case !gone.Load():
						return nil
					case how == "signal":
						cancel(interrupted)
						return unavailable
					case how == "network":
						return unavailable
					}
					return expired(what)
				})
				_, err := c.target.Deploy(ctx, c.options(p))
				c.Break(nil)
				var user *manifest.UserError
				switch {
				case how == "signal" && !errors.Is(err, interrupted),
					how == "network" && (!errors.As(err, &user) || user.What != "AWS cannot be reached"),
					how == "credentials" && (!errors.As(err, &user) || user.What != "the AWS credentials have expired"):
					t.Errorf("it ended with %v", err)
				}
				if got := c.of("gateway", c.live("gateway")); got != before.ID {
					t.Errorf("visitors get %s and not %s", got, before.ID)
				}
				before = c.deploy(p, short)
				c.serves(before.ID)
			})
		}
	}
}

// TestLost: requests that were carried out and whose answers were lost are made again
// by the SDK, and do no harm.
func TestLost(t *testing.T) {
	c, a := newCloud(t), newApp(t, "home")
	c.deploy(a.pack1())
	a.routes["home"] = "changed"
	var mu sync.Mutex
	lost := map[string]bool{}
	c.Break(func(r *http.Request, what string) *awsstacks.Answer {
		mu.Lock()
		defer mu.Unlock()
		for name, pattern := range points {
			if !lost[name] && regexp.MustCompile(pattern).MatchString(what) {
				lost[name] = true
				return &awsstacks.Answer{Lost: true}
			}
		}
		// Every other request is one too many for CloudFormation at first.
		if strings.HasPrefix(what, "cloudformation") && !lost[what] {
			lost[what] = true
			return &awsstacks.Answer{Status: 400, ContentType: "text/xml", Body: "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"}
		}
		return nil
	})
	again := c.deploy(a.pack1())
	c.Break(nil)
	c.serves(again.ID)
}

// TestStuck: whatever state the stack is left in, the next deploy gets it out.
func TestStuck(t *testing.T) {
	c, a := newCloud(t), newApp(t, "home")
	broken := func(status string) {
		t.Helper()
		c.FailNext(func(string, string) *awsstacks.Failure {
			return &awsstacks.Failure{Resource: "RefreshQueue", Type: "AWS::SQS::Queue", Reason: "the quota of queues is reached", Status: status}
		})
		_, err := c.target.Deploy(t.Context(), c.options(a.pack1()))
		c.FailNext(nil)
		if err == nil || !strings.Contains(err.Error(), "RefreshQueue (AWS::SQS::Queue): the quota of queues is reached") {
			t.Errorf("the reason is not told: %v", err)
		}
		if got := c.Status("us-east-1", c.name()); got != status {
			t.Errorf("the stack is in %s", got)
		}
	}
	broken("ROLLBACK_COMPLETE")
	one := c.deploy(a.pack1())
	c.serves(one.ID)

	a.routes["home"] = "two"
	broken("UPDATE_ROLLBACK_COMPLETE")
	c.serves(one.ID)
	broken("UPDATE_ROLLBACK_FAILED")
	c.serves(one.ID)
	two := c.deploy(a.pack1())
	c.serves(two.ID)

	// The rollback cannot be continued with the resource that failed.
	a.routes["home"] = "three"
	broken("UPDATE_ROLLBACK_FAILED")
	c.FailNext(func(string, string) *awsstacks.Failure {
		return &awsstacks.Failure{Status: "UPDATE_ROLLBACK_FAILED", Stuck: true}
	})
	_, err := c.target.Deploy(t.Context(), c.options(a.pack1()))
	c.FailNext(nil)
	if err == nil || !strings.Contains(err.Error(), "cannot be rolled back") {
		t.Errorf("a stack that stays stuck: %v", err)
	}
	c.serves(two.ID)

	// It can be continued without it, and the deploy after it goes on.
	asked := 0
	c.FailNext(func(string, string) *awsstacks.Failure {
		if asked++; asked > 2 {
			return nil
		}
		return &awsstacks.Failure{Status: "UPDATE_ROLLBACK_FAILED"}
	})
	three := c.deploy(a.pack1())
	c.FailNext(nil)
	c.serves(three.ID)
	a.routes["home"] = "four"

	// Somebody ended a deploy while CloudFormation was at work: the next waits for it.
	letGo := c.Hold()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	if _, err := c.target.Deploy(ctx, c.options(a.pack1())); err == nil {
		t.Error("a deploy ended though its stack is still being changed")
	}
	if got := c.Status("us-east-1", c.name()); got != "UPDATE_IN_PROGRESS" {
		t.Fatalf("the stack is in %s", got)
	}
	time.AfterFunc(time.Second, letGo)
	four := c.deploy(a.pack1())
	c.serves(four.ID)

	c.SetStatus("us-east-1", c.name(), "ROLLBACK_COMPLETE") // as after a first deploy that failed
	if found, err := c.target.Found(t.Context(), nil); err != nil || len(found) != 1 {
		t.Errorf("found %v, %v", found, err)
	}
	c.destroyed()
}

// TestAtOnce: of two deploys one wins, and the other is told who is at work.
func TestAtOnce(t *testing.T) {
	c, a := newCloud(t), newApp(t, "home")
	one := c.deploy(a.pack1())
	a.routes["home"] = "two"
	p := a.pack1()
	letGo := c.Hold()
	first := make(chan error, 1)
	go func() {
		_, err := c.target.Deploy(t.Context(), c.options(p))
		first <- err
	}()
	for c.Status("us-east-1", c.name()) != "UPDATE_IN_PROGRESS" {
		time.Sleep(50 * time.Millisecond)
	}
	_, err := c.target.Deploy(t.Context(), c.options(p))
	if err == nil || !strings.Contains(err.Error(), "another deploy of this app is at work") || !strings.Contains(err.Error(), "since 20") {
		t.Errorf("the second deploy: %v", err)
	}
	// Production can be changed meanwhile, and stays as it was left.
	a.routes["home"] = "two"
	c.serves(one.ID)
	if _, err := c.target.Promote(t.Context(), one.ID); err != nil {
		t.Fatal(err)
	}
	letGo()
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	c.serves(p.Output.Deployment().ID)
}

// TestSuperseded: who changes production while a deploy is at work keeps it.
func TestSuperseded(t *testing.T) {
	c, a := newCloud(t), newApp(t, "home")
	one := c.deploy(a.pack1())
	a.routes["home"] = "two"
	two := c.deploy(a.pack1())
	a.routes["home"] = "three"
	o := c.options(a.pack1())
	seed := o.Seed
	o.Seed = func(ctx context.Context, to deploy.State, progress func(done, total int)) error {
		if _, err := c.target.Rollback(ctx); err != nil {
			t.Error(err)
		}
		return seed(ctx, to, progress)
	}
	three, err := c.target.Deploy(t.Context(), o)
	if err != nil || three.Active || !three.Superseded {
		t.Errorf("%+v, %v", three, err)
	}
	c.serves(one.ID)
	if _, err := c.target.Promote(t.Context(), three.ID); err != nil {
		t.Fatal(err)
	}
	c.serves(three.ID)
	_ = two
}

// TestCrashed: a deploy that was killed leaves its lease, which runs out.
func TestCrashed(t *testing.T) {
	c, a := newCloud(t), newApp(t, "home")
	c.deploy(a.pack1())
	objects := s3.NewFromConfig(c.Config, func(o *s3.Options) { o.UsePathStyle = true })
	buckets, err := objects.ListBuckets(t.Context(), &s3.ListBucketsInput{Prefix: aws.String(c.name() + "-artifacts-")})
	if err != nil || len(buckets.Buckets) == 0 {
		t.Fatal(err)
	}
	for _, b := range buckets.Buckets {
		if !strings.HasPrefix(*b.Name, c.name()+"-artifacts-") {
			continue
		}
		_, err = objects.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: b.Name, Key: aws.String("pack/lease.json"), Body: strings.NewReader(`{"who":"ada","host":"laptop","doing":"deploy","since":"2026-01-01T00:00:00Z","token":"T"}`),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	a.routes["home"] = "two"
	two := c.deploy(a.pack1(), func(o *deploy.Options) { o.LeaseTime = 4 * time.Second })
	c.serves(two.ID)
	if told := strings.Join(*c.notes, "\n"); !strings.Contains(told, "ada on laptop, since 2026-01-01T00:00:00Z") {
		t.Errorf("nobody was told who:\n%s", told)
	}
}
