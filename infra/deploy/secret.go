package deploy

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"pack/infra/awsjson"
	"pack/infra/release"
)

// secretAge is when a deploy begins to change the origin secret.
const secretAge = 90 * 24 * time.Hour

// originSecret is what CloudFront shows the gateway. It is kept in an encrypted
// parameter, for CloudFormation does not tell what it was given.
//
// A version keeps the secrets that it was published with, so a change takes two
// deploys: the first publishes a gateway that takes the coming secret as well, and
// the second, once that gateway is in production, has CloudFront show it.
type originSecret struct {
	// Shown is what CloudFront shows. Other is taken as well: the one before, or,
	// where Coming, the next.
	Shown  string    `json:"shown"`
	Other  string    `json:"other,omitempty"`
	Coming bool      `json:"coming,omitempty"`
	Since  time.Time `json:"since"`
}

func (t *Target) secretName() string { return "/pack/" + t.prefix() + "/origin-secret" }

func (t *Target) parameters() awsjson.Parameters { return awsjson.NewParameters(t.Account.In(t.Home)) }

func newSecret() string { return rand.Text() + rand.Text() } // 52 letters and digits

// secret reads the secret, or makes one. Where the parameter was deleted, it is that of
// the gateway in use: CloudFront would show another one to a gateway that does not know it.
func (t *Target) secret(ctx context.Context) (*originSecret, error) {
	s, err := t.readSecret(ctx)
	if err != nil || s != nil {
		return s, err
	}
	s = &originSecret{Shown: newSecret(), Since: time.Now().UTC()}
	env, err := t.aliases().Environment(ctx, release.Gateway)
	if err != nil {
		return nil, err
	}
	if env[secretVariable] != "" {
		s.Shown, s.Other = env[secretVariable], env[oldSecretVariable]
	}
	return s, t.writeSecret(ctx, s)
}

// Where the gateway is told the secrets (package template).
const (
	secretVariable    = "PACK_ORIGIN_SECRET"
	oldSecretVariable = "PACK_ORIGIN_SECRET_PREVIOUS"
)

// readSecret gives nil where there is none.
func (t *Target) readSecret(ctx context.Context) (*originSecret, error) {
	name := t.secretName()
	text, err := t.parameters().Get(ctx, name)
	if errors.Is(err, awsjson.ErrNoParameter) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read parameter %s: %w", name, err)
	}
	var s originSecret
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return nil, fmt.Errorf("read parameter %s: it is not pack's: %w", name, err)
	}
	return &s, nil
}

func (t *Target) writeSecret(ctx context.Context, s *originSecret) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	name := t.secretName()
	err = t.parameters().Put(ctx, name, string(text), "What CloudFront shows the gateway of "+t.prefix(), true)
	if err != nil {
		return fmt.Errorf("write parameter %s: %w", name, err)
	}
	return nil
}

func (t *Target) deleteSecret(ctx context.Context) error {
	name := t.secretName()
	err := t.parameters().Delete(ctx, name)
	if err != nil && !errors.Is(err, awsjson.ErrNoParameter) {
		return fmt.Errorf("delete parameter %s: %w", name, err)
	}
	return nil
}

// rotate takes the next step of a change. taken are the digests of the secrets that
// the gateway in production takes; nil where nothing is in production, or where it
// is not known what.
func (s *originSecret) rotate(taken []string, wanted bool, now time.Time) (changed bool) {
	switch {
	case s.Coming && slices.Contains(taken, secretDigest(s.Other)):
		s.Shown, s.Other, s.Coming, s.Since = s.Other, s.Shown, false, now
	case !s.Coming && (wanted || now.Sub(s.Since) > secretAge):
		s.Other, s.Coming = newSecret(), true
	default:
		return false
	}
	return true
}

// digests are those of what a gateway that is published now takes.
func (s *originSecret) digests() []string {
	if s == nil {
		return nil
	}
	all := []string{secretDigest(s.Shown)}
	if s.Other != "" {
		all = append(all, secretDigest(s.Other))
	}
	return all
}

// secretDigest tells secrets apart without giving them away: they are long and random.
func secretDigest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])[:16]
}
