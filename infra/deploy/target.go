package deploy

import (
	"crypto/sha256"
	"encoding/hex"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"pack/infra/account"
	"pack/infra/buildkey"
	"pack/infra/objects"
	"pack/infra/release"
	"pack/infra/stack"
	"pack/infra/template"
)

// Target is an app's stage in an account: what the commands of this package work on.
type Target struct {
	Account *account.Account
	// Name is the app's, Stage what of it is deployed.
	Name, Stage string
	// Home is the region of gateway and state.
	Home string
	// Progress is told what happens; its zero value tells nobody.
	Progress Progress
}

// Progress is told what is being done; each may be nil. They are called by one
// goroutine at a time.
type Progress struct {
	// Step begins something, Count says how far something of many parts is, Note is
	// a line that stays.
	Step  func(text string)
	Count func(text string, done, total int)
	Note  func(text string)
}

var telling sync.Mutex

func (p Progress) step(text string) {
	telling.Lock()
	defer telling.Unlock()
	if p.Step != nil {
		p.Step(text)
	}
}

func (p Progress) count(text string, done, total int) {
	telling.Lock()
	defer telling.Unlock()
	if p.Count != nil {
		p.Count(text, done, total)
	}
}

func (p Progress) note(text string) {
	telling.Lock()
	defer telling.Unlock()
	if p.Note != nil {
		p.Note(text)
	}
}

// BuildKey is where the account keeps the key that the app is built with.
func (t *Target) BuildKey() buildkey.Parameter {
	return buildkey.Parameter{Parameters: t.parameters(), Name: buildkey.ParameterName(t.prefix())}
}

// prefix begins the names of what is made, and is the stacks' name.
func (t *Target) prefix() string { return t.Name + "-" + t.Stage }

func (t *Target) tags() map[string]string {
	return map[string]string{"pack:app": t.Name, "pack:stage": t.Stage}
}

// artifacts is the bucket of a region that has archives, layers and templates. Its
// name is known before anything is made, and is nobody else's to guess: buckets'
// names are one list for all accounts.
func (t *Target) artifacts(region string) *objects.Bucket {
	sum := sha256.Sum256([]byte(t.Account.ID + " " + region + " " + t.prefix()))
	return t.bucket(t.prefix()+"-artifacts-"+hex.EncodeToString(sum[:])[:12], region)
}

func (t *Target) bucket(name, region string) *objects.Bucket {
	return &objects.Bucket{Client: t.Account.Objects(region), Name: name, Region: region, Owner: t.Account.ID}
}

func (t *Target) stack(region string) *stack.Stack { return t.named(t.prefix(), region) }

// certificate is the stack in us-east-1 of an app whose home is elsewhere.
func (t *Target) certificate() *stack.Stack {
	return t.named(t.prefix()+"-certificate", certificateRegion)
}

// certificateRegion is where CloudFront looks for certificates.
const certificateRegion = "us-east-1"

func (t *Target) named(name, region string) *stack.Stack {
	return &stack.Stack{
		Client: cloudformation.NewFromConfig(t.Account.In(region)), Name: name, Region: region, Tags: t.tags(),
		Tell: func(text string, done, total int) {
			if total == 0 {
				t.Progress.note(text)
			} else {
				t.Progress.count(text, done, total)
			}
		},
	}
}

func (t *Target) functions(region string) *lambda.Client {
	return lambda.NewFromConfig(t.Account.In(region))
}

func (t *Target) aliases() release.Aliases {
	return release.Aliases{Client: t.functions(t.Home), Prefix: t.prefix()}
}

// store is the state bucket by the home stack's outputs.
func (t *Target) store(home *stack.State) release.Store {
	return release.Store{Bucket: t.bucket(home.Outputs[template.OutputState], t.Home)}
}
