package webhooks

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"pack/manifest"
)

// Endpoint is one webhook of pack.json, compiled. It may be used by any number
// of goroutines.
type Endpoint struct {
	hook     manifest.Webhook
	sender   sender
	secrets  []string
	filter   *manifest.Expression
	tags     []*manifest.Template
	paths    []*manifest.Template
	delivery *manifest.Template
}

// NewEndpoint compiles an endpoint and reads its secrets through env, as
// os.Getenv does. A secret that is not set is left out.
// Errors are of a Deployment that pack did not make.
func NewEndpoint(hook manifest.Webhook, env func(string) string) (*Endpoint, error) {
	s, ok := senderOf(hook)
	if !ok {
		return nil, fmt.Errorf("webhook %s: this bootstrap does not know the sender %q", hook.Name, hook.Sender)
	}
	e := &Endpoint{hook: hook, sender: s}
	for _, secret := range hook.Secrets {
		if value := env(secret.Env); value != "" {
			e.secrets = append(e.secrets, value)
		}
	}
	var err error
	if hook.Filter != "" {
		if e.filter, err = manifest.ParseExpression(hook.Filter); err != nil {
			return nil, fmt.Errorf("webhook %s: filter: %w", hook.Name, err)
		}
	}
	if hook.Delivery != "" {
		if e.delivery, err = manifest.ParseTemplate(hook.Delivery); err != nil {
			return nil, fmt.Errorf("webhook %s: delivery: %w", hook.Name, err)
		}
	}
	if e.tags, err = templates(hook.Tags); err != nil {
		return nil, fmt.Errorf("webhook %s: tags: %w", hook.Name, err)
	}
	if e.paths, err = templates(hook.Paths); err != nil {
		return nil, fmt.Errorf("webhook %s: paths: %w", hook.Name, err)
	}
	return e, nil
}

func templates(texts []string) ([]*manifest.Template, error) {
	var list []*manifest.Template
	for _, text := range texts {
		t, err := manifest.ParseTemplate(text)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}

// Unset reports whether none of the endpoint's secrets is set: nothing can be
// verified then.
func (e *Endpoint) Unset() bool { return len(e.secrets) == 0 }

// variables names the environment variables of the secrets.
func (e *Endpoint) variables() string {
	var names []string
	for _, secret := range e.hook.Secrets {
		names = append(names, secret.Env)
	}
	return strings.Join(names, " ")
}

// Verify checks a delivery: its signature by every secret, and its age where
// the sender signs the time. The error says what was wrong; it is not for the
// sender.
func (e *Endpoint) Verify(d *Delivery) error {
	_, err := e.verify(d)
	return err
}

func (e *Endpoint) verify(d *Delivery) (proof, error) {
	p, err := e.sender.verify(d, e.secrets)
	if err != nil {
		return proof{}, err
	}
	if age := d.Received.Sub(p.signed); !p.signed.IsZero() && age.Abs() > e.window() {
		return proof{}, fmt.Errorf("%w: %v, and %v is allowed", errTime, age.Round(time.Second), e.window())
	}
	return p, nil
}

func (e *Endpoint) window() time.Duration { return time.Duration(e.hook.Window) * time.Second }

// accepted is the status for a delivery that was taken.
func (e *Endpoint) accepted() int { return cmp.Or(e.sender.accepted, http.StatusAccepted) }

// identity is what tells a delivery from others; "" when nothing does, and
// then it is never taken for a repetition.
func (e *Endpoint) identity(d *Delivery, m *manifest.Message, p proof) string {
	if e.delivery != nil {
		texts, err := e.delivery.Expand(m)
		if err != nil || len(texts) == 0 {
			return ""
		}
		return texts[0]
	}
	if p.id != "" {
		return p.id
	}
	if e.sender.delivery != "" {
		return d.Header.Get(e.sender.delivery)
	}
	return ""
}

// Changes are what one delivery refreshes.
type Changes struct {
	Event string
	// Ignored: the endpoint's events or filter leave this message out.
	Ignored bool
	// Tags and Paths are sorted, each there once.
	Tags, Paths []string
	Mode        manifest.RefreshMode
}

// Changes maps a message to what it refreshes. An error is of an expression
// that does not fit the message; what the others gave is there all the same.
func (e *Endpoint) Changes(m *manifest.Message) (Changes, error) {
	c := Changes{Event: m.Event, Mode: e.hook.Mode}
	if len(e.hook.Events) > 0 && !slices.Contains(e.hook.Events, m.Event) {
		c.Ignored = true
		return c, nil
	}
	if e.filter != nil {
		holds, err := e.filter.Holds(m)
		if err != nil {
			return c, fmt.Errorf("filter {%s}: %w", e.hook.Filter, err)
		}
		if !holds {
			c.Ignored = true
			return c, nil
		}
	}
	var failed, more error
	c.Tags, failed = expand(e.tags, e.hook.Tags, m, tagOf)
	c.Paths, more = expand(e.paths, e.hook.Paths, m, pathOf)
	return c, errors.Join(failed, more)
}

func expand(list []*manifest.Template, texts []string, m *manifest.Message, check func(string) (string, error)) ([]string, error) {
	var all []string
	var failed error
	for i, t := range list {
		values, err := t.Expand(m)
		for _, value := range values {
			if value, wrong := check(value); wrong != nil {
				err = wrong
			} else {
				all = append(all, value)
			}
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%q: %w", texts[i], err))
		}
	}
	slices.Sort(all)
	return slices.Compact(all), failed
}
