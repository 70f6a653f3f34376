// Package secrets gets the values of the app's secret variables from where they
// are kept: the SSM Parameter Store and Secrets Manager. They are nowhere else:
// not in archives, templates or logs, and no error has one in it.
package secrets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"pack/manifest"
)

// Source has the secrets of a function. Its methods may be called by any number
// of goroutines.
type Source struct {
	// Named are the variables and where their values are.
	Named map[string]manifest.StoredSecret
	// API asks AWS.
	API *API

	mu     sync.Mutex
	values map[string]string
}

// FromEnvironment returns the secrets that PACK_SECRETS names; nil for none.
// home is the region that they are in.
func FromEnvironment(env func(string) string, home string) (*Source, error) {
	text := env("PACK_SECRETS")
	if text == "" {
		return nil, nil
	}
	s := &Source{API: newAPI(env, home)}
	if err := json.Unmarshal([]byte(text), &s.Named); err != nil {
		return nil, fmt.Errorf("decode PACK_SECRETS: %w", err)
	}
	return s, nil
}

// Has reports whether any of the variables is a secret. It may be asked of nil.
func (s *Source) Has(variables ...string) bool {
	return s != nil && slices.ContainsFunc(variables, func(name string) bool { _, ok := s.Named[name]; return ok })
}

// getTime is how long getting all of them may take.
const getTime = 8 * time.Second

// Get returns the variables and their values, which are asked for once. The
// error names every variable that cannot be had, and where it should be. It may
// be asked of nil, which has none.
func (s *Source) Get(ctx context.Context) (map[string]string, error) {
	if s == nil {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.values != nil {
		return s.values, nil
	}
	ctx, cancel := context.WithTimeout(ctx, getTime)
	defer cancel()
	found := s.ask(ctx)
	values := make(map[string]string, len(s.Named))
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(s.Named)) {
		at := s.Named[name]
		got := found[at]
		if got.err == nil && strings.ContainsRune(got.value, 0) {
			got.err = errors.New("it has a byte of value 0, which no variable can hold")
		}
		if got.err != nil {
			failed = append(failed, fmt.Errorf("variable %s, %s in %s: %w", name, place(at), s.API.Region, got.err))
			continue
		}
		values[name] = got.value
	}
	if len(failed) > 0 {
		return nil, errors.Join(failed...)
	}
	s.values = values
	return values, nil
}

// place says where a secret is kept.
func place(at manifest.StoredSecret) string {
	if at.Parameter != "" {
		return "parameter " + at.Parameter + " of the SSM Parameter Store"
	}
	return "secret " + at.Secret + " of Secrets Manager"
}

// Environ gives the secrets as NAME=value, sorted.
func (s *Source) Environ(ctx context.Context) ([]string, error) {
	values, err := s.Get(ctx)
	if err != nil {
		return nil, err
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		pairs = append(pairs, name+"="+values[name])
	}
	return pairs, nil
}

// result is a secret's value, or why there is none.
type result struct {
	value string
	err   error
}

// parametersAtOnce is how many parameters one request may name.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
const parametersAtOnce = 10

// ask gets all of them, each place once and all at the same time.
func (s *Source) ask(ctx context.Context) map[manifest.StoredSecret]result {
	found := make(map[manifest.StoredSecret]result, len(s.Named))
	var names []string
	var mu sync.Mutex
	var all sync.WaitGroup
	note := func(at manifest.StoredSecret, r result) {
		mu.Lock()
		defer mu.Unlock()
		found[at] = r
	}
	asked := map[manifest.StoredSecret]bool{}
	for _, at := range s.Named {
		if asked[at] {
			continue
		}
		asked[at] = true
		if at.Parameter != "" {
			names = append(names, at.Parameter)
			continue
		}
		all.Go(func() {
			value, err := s.API.secret(ctx, at.Secret)
			note(at, result{value, err})
		})
	}
	slices.Sort(names)
	for some := range slices.Chunk(names, parametersAtOnce) {
		all.Go(func() {
			values, err := s.API.parameters(ctx, some)
			for _, name := range some {
				r := result{values[name], err}
				if _, ok := values[name]; !ok && err == nil {
					r.err = errors.New("it is not there")
				}
				note(manifest.StoredSecret{Parameter: name}, r)
			}
		})
	}
	all.Wait()
	return found
}
