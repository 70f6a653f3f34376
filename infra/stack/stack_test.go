//go:build unix

package stack_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"pack/infra/stack"
	"pack/manifest"
	"pack/tests/awsservers"
	"pack/tests/awsstacks"
)

func TestMain(m *testing.M) { os.Exit(awsservers.Run(m)) }

// region is a region of an account, with one stack and a bucket for templates.
type region struct {
	*awsstacks.Stacks
	t      *testing.T
	stack  *stack.Stack
	bucket string
	mu     sync.Mutex
	told   []string
}

func newRegion(t *testing.T) *region {
	t.Helper()
	t.Parallel()
	stacks := awsstacks.New(t)
	r := &region{Stacks: stacks, t: t, bucket: awsservers.NewBucket(t, stacks.Server)}
	r.stack = &stack.Stack{
		Client: cloudformation.NewFromConfig(stacks.Config), Name: strings.ToLower(awsservers.NewName()), Region: "us-east-1", Tags: map[string]string{"pack:app": "shop", "pack:stage": "test"},
		Tell: func(text string, done, total int) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.told = append(r.told, fmt.Sprintf("%s %d/%d", text, done, total))
		},
	}
	return r
}

// change is one to a template of so many alarms, which cost nothing to make here.
func (r *region) change(alarms int) stack.Change {
	r.t.Helper()
	resources := map[string]any{"Queue": map[string]any{"Type": "AWS::SQS::Queue", "Properties": map[string]any{"QueueName": r.stack.Name}}}
	for i := range alarms {
		resources[fmt.Sprintf("Alarm%03d", i)] = map[string]any{"Type": "AWS::CloudWatch::Alarm"}
	}
	return r.template(fmt.Sprint(alarms), resources)
}

// template is a change to one of some resources.
func (r *region) template(name string, resources map[string]any) stack.Change {
	r.t.Helper()
	text, err := json.Marshal(map[string]any{
		"Parameters": map[string]any{"Given": map[string]any{"Type": "String", "Default": "none"}}, "Resources": resources,
		"Outputs": map[string]any{"Given": map[string]any{"Value": map[string]any{"Ref": "Given"}}},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	key := name + ".json"
	_, err = s3.NewFromConfig(r.Config, func(o *s3.Options) { o.UsePathStyle = true }).PutObject(r.t.Context(), &s3.PutObjectInput{
		Bucket: &r.bucket, Key: &key, Body: strings.NewReader(string(text)),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return stack.Change{TemplateURL: "https://" + r.bucket + ".s3.us-east-1.amazonaws.com/" + key, Parameters: map[string]string{"Given": "value"}}
}

func (r *region) asked(action string) int {
	n := 0
	for _, what := range r.Seen() {
		if what == "cloudformation "+action {
			n++
		}
	}
	return n
}

// once answers the first request of an action.
func (r *region) once(action string, answer awsstacks.Answer) {
	done := false
	var mu sync.Mutex
	r.Break(func(_ *http.Request, what string) *awsstacks.Answer {
		mu.Lock()
		defer mu.Unlock()
		if done || what != "cloudformation "+action {
			return nil
		}
		done = true
		return &answer
	})
}

func refusal(code, message string) awsstacks.Answer {
	return awsstacks.Answer{Status: 400, ContentType: "text/xml", Body: "<ErrorResponse><Error><Type>Sender</Type><Code>" + code + "</Code><Message>" + message + "</Message></Error></ErrorResponse>"}
}

// TestPages: CloudFormation lists a hundred at a time of what a change set changes, of
// resources and of events.
func TestPages(t *testing.T) {
	r := newRegion(t)
	state, err := r.stack.Apply(t.Context(), r.change(250))
	if err != nil || state.Status != "CREATE_COMPLETE" || state.Outputs["Given"] != "value" || state.Parameters["Given"] != "value" {
		t.Fatalf("%+v, %v", state, err)
	}
	if last := r.told[len(r.told)-1]; !strings.HasSuffix(last, "251/251") {
		t.Errorf("the last that was told is %q", last)
	}
	resources, err := r.stack.Resources(t.Context())
	if err != nil || len(resources) != 251 {
		t.Errorf("%d resources, %v", len(resources), err)
	}
	// What failed is found behind hundreds of events, and by what began it.
	r.FailNext(func(string, string) *awsstacks.Failure {
		return &awsstacks.Failure{Resource: "Alarm007", Type: "AWS::CloudWatch::Alarm", Reason: "the quota of alarms is reached"}
	})
	_, err = r.stack.Apply(t.Context(), r.change(251))
	r.FailNext(nil)
	var user *manifest.UserError
	if !errors.As(err, &user) || user.Why != "Alarm007 (AWS::CloudWatch::Alarm): the quota of alarms is reached" || !strings.Contains(user.What, "UPDATE_ROLLBACK_COMPLETE") {
		t.Errorf("the reason is not told: %v", err)
	}
}

// TestUnchanged: where nothing changes, nothing is executed, and no change set is left.
func TestUnchanged(t *testing.T) {
	r := newRegion(t)
	if _, err := r.stack.Apply(t.Context(), r.change(1)); err != nil {
		t.Fatal(err)
	}
	r.Seen()
	state, err := r.stack.Apply(t.Context(), r.change(1))
	seen := r.Seen()
	if err != nil || state == nil || state.Status != "CREATE_COMPLETE" || slices.Contains(seen, "cloudformation ExecuteChangeSet") || !slices.Contains(seen, "cloudformation DeleteChangeSet") {
		t.Errorf("%+v, %v, by %q", state, err, seen)
	}
}

// TestRefused: a change set that CloudFormation cannot work out is told by its reason,
// and deleted.
func TestRefused(t *testing.T) {
	r := newRegion(t)
	r.once("DescribeChangeSet", awsstacks.Answer{Status: 200, ContentType: "text/xml", Body: "<DescribeChangeSetResponse><DescribeChangeSetResult><Status>FAILED</Status>" +
		"<StatusReason>Transform is not known</StatusReason></DescribeChangeSetResult></DescribeChangeSetResponse>"})
	_, err := r.stack.Apply(t.Context(), r.change(1))
	var user *manifest.UserError
	if !errors.As(err, &user) || !strings.Contains(user.What, "refuses the template") || user.Why != "Transform is not known" {
		t.Errorf("a change set that failed: %v", err)
	}
	if seen := r.Seen(); slices.Contains(seen, "cloudformation ExecuteChangeSet") || !slices.Contains(seen, "cloudformation DeleteChangeSet") {
		t.Errorf("asked was %q", seen)
	}
	r.Break(nil)
	// What is left is a stack that was never made.
	if state, err := r.stack.Apply(t.Context(), r.change(1)); err != nil || state.Status != "CREATE_COMPLETE" {
		t.Errorf("%+v, %v", state, err)
	}
}

// TestSlow: a change set that is being worked out is waited for; who is interrupted
// meanwhile leaves.
func TestSlow(t *testing.T) {
	r := newRegion(t)
	pending := awsstacks.Answer{Status: 200, ContentType: "text/xml", Body: "<DescribeChangeSetResponse><DescribeChangeSetResult><Status>CREATE_PENDING</Status></DescribeChangeSetResult></DescribeChangeSetResponse>"}
	r.once("DescribeChangeSet", pending)
	if _, err := r.stack.Apply(t.Context(), r.change(1)); err != nil || r.asked("DescribeChangeSet") < 2 {
		t.Errorf("a change set that takes its time: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	r.Break(func(_ *http.Request, what string) *awsstacks.Answer {
		if what != "cloudformation DescribeChangeSet" {
			return nil
		}
		cancel(interrupted)
		return &pending
	})
	if _, err := r.stack.Apply(ctx, r.change(2)); !errors.Is(err, interrupted) && !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

// TestOvertaken: somebody else began to change the stack between its change set and the
// execution. That is waited for, and the change made afterwards.
func TestOvertaken(t *testing.T) {
	r := newRegion(t)
	if _, err := r.stack.Apply(t.Context(), r.change(1)); err != nil {
		t.Fatal(err)
	}
	r.once("ExecuteChangeSet", refusal("InvalidChangeSetStatus", "Stack is in UPDATE_IN_PROGRESS state and can not be updated."))
	r.Seen()
	state, err := r.stack.Apply(t.Context(), r.change(2))
	if n := r.asked("CreateChangeSet"); err != nil || state.Status != "UPDATE_COMPLETE" || n != 2 {
		t.Errorf("%+v, %v, by %d change sets", state, err, n)
	}
	// Other refusals are told.
	r.once("ExecuteChangeSet", refusal("AccessDenied", "User is not authorized to perform: cloudformation:ExecuteChangeSet"))
	if _, err := r.stack.Apply(t.Context(), r.change(3)); err == nil || !strings.Contains(err.Error(), "execute the change set of stack "+r.stack.Name) {
		t.Errorf("a refusal: %v", err)
	}
}

// TestThrottledWaiting: questions that CloudFormation has no time for are asked again,
// and the change is made once.
func TestThrottledWaiting(t *testing.T) {
	r := newRegion(t)
	var mu sync.Mutex
	throttled := map[string]bool{}
	r.Break(func(_ *http.Request, what string) *awsstacks.Answer {
		mu.Lock()
		defer mu.Unlock()
		if throttled[what] || !strings.HasPrefix(what, "cloudformation ") {
			return nil
		}
		throttled[what] = true
		answer := refusal("Throttling", "Rate exceeded")
		return &answer
	})
	letGo := r.Hold()
	time.AfterFunc(time.Second, letGo)
	state, err := r.stack.Apply(t.Context(), r.change(1))
	if err != nil || state.Status != "CREATE_COMPLETE" {
		t.Fatalf("%+v, %v", state, err)
	}
	for _, what := range []string{"CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DescribeStacks", "DescribeStackEvents"} {
		if !throttled["cloudformation "+what] {
			t.Errorf("%s was not asked for", what)
		}
	}
	if again, err := r.stack.State(t.Context()); err != nil || again.Status != "CREATE_COMPLETE" {
		t.Errorf("%+v, %v", again, err)
	}
}

// TestDelete: a stack that is being made is deleted at once, one that is being changed
// when that is done; one that is not there is no mistake.
func TestDelete(t *testing.T) {
	r := newRegion(t)
	if err := r.stack.Delete(t.Context()); err != nil {
		t.Error(err)
	}
	for _, status := range []string{"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"} {
		if status == "UPDATE_IN_PROGRESS" {
			if _, err := r.stack.Apply(t.Context(), r.change(1)); err != nil {
				t.Fatal(err)
			}
		}
		letGo := r.Hold()
		applied, deleted := make(chan error, 1), make(chan error, 1)
		change := r.change(2)
		go func() {
			_, err := r.stack.Apply(t.Context(), change)
			applied <- err
		}()
		for r.Status("us-east-1", r.stack.Name) != status {
			time.Sleep(10 * time.Millisecond)
		}
		go func() { deleted <- r.stack.Delete(t.Context()) }()
		if status == "CREATE_IN_PROGRESS" {
			// Nobody lets it go on: a domain that is never proved.
			select {
			case err := <-deleted:
				if err != nil {
					t.Errorf("%s: %v", status, err)
				}
			case <-time.After(time.Minute):
				t.Error("it waits for what nobody lets go on")
			}
			letGo()
		} else {
			time.Sleep(500 * time.Millisecond)
			letGo()
			if err := <-deleted; err != nil {
				t.Errorf("%s: %v", status, err)
			}
		}
		if state, err := r.stack.State(t.Context()); err != nil || state != nil {
			t.Errorf("%s: %+v, %v", status, state, err)
		}
		<-applied // made, or gone before it was seen
	}
}

// TestProofs: whoever comes to a change that waits for somebody to prove a domain is told
// what the one who began it was told.
func TestProofs(t *testing.T) {
	r := newRegion(t)
	change := r.template("proofs", map[string]any{"Certificate": map[string]any{
		"Type": "AWS::CertificateManager::Certificate", "Properties": map[string]any{"DomainName": "shop.example.com"},
	}})
	letGo := r.Hold()
	defer letGo()
	ended, end := context.WithCancel(t.Context())
	applied := make(chan error, 1)
	go func() {
		_, err := r.stack.Apply(ended, change)
		applied <- err
	}()
	told := func() int {
		r.mu.Lock()
		defer r.mu.Unlock()
		n := 0
		for _, text := range r.told {
			if strings.Contains(text, "_0a1b.shop.example.com.,Type: CNAME") {
				n++
			}
		}
		return n
	}
	until(t, func() bool { return told() == 1 })
	end()
	<-applied
	again, endAgain := context.WithCancel(t.Context())
	defer endAgain()
	go func() {
		_, err := r.stack.Usable(again)
		applied <- err
	}()
	until(t, func() bool { return told() == 2 })
	endAgain()
	if err := <-applied; err == nil {
		t.Error("a stack that is being made is usable")
	}
}

func until(t *testing.T, done func() bool) {
	t.Helper()
	for start := time.Now(); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Since(start) > time.Minute {
			t.Fatal("it does not happen")
		}
	}
}
