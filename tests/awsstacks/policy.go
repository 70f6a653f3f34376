//go:build unix

package awsstacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// statement is a statement of a policy. pack's policies only allow.
type statement struct {
	Sid              string
	Action, Resource []string
	Condition        map[string]any
}

// Refused gives the calls that IAM would refuse somebody who has these policy
// documents and nothing else. A statement with a condition allows nothing here:
// conditions are about what CloudFormation does.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func (s *Stacks) Refused(policies ...[]byte) []string {
	var allowed []statement
	for _, text := range policies {
		// A document, or what pack doctor --policy --json prints.
		var document struct {
			Statement []statement
			Policies  []struct{ Statement []statement }
		}
		if err := json.Unmarshal(text, &document); err != nil {
			return []string{err.Error()}
		}
		allowed = append(allowed, document.Statement...)
		for _, each := range document.Policies {
			allowed = append(allowed, each.Statement...)
		}
	}
	var refused []string
	for _, c := range s.Calls() {
		if c.Action == "" {
			refused = append(refused, "what permission does this take: "+c.What)
			continue
		}
		for _, resource := range c.Resources {
			if name, ok := strings.CutPrefix(resource, "stack of "); ok {
				resource = s.stackOf(name)
			}
			if !slices.ContainsFunc(allowed, func(a statement) bool {
				return len(a.Condition) == 0 && slices.Contains(a.Action, c.Action) && slices.ContainsFunc(a.Resource, func(pattern string) bool { return matches(pattern, resource) })
			}) {
				refused = append(refused, fmt.Sprintf("%s on %s (%s)", c.Action, resource, c.What))
			}
		}
	}
	return refused
}

// Actions are those of all calls.
func (s *Stacks) Actions() []string {
	all := map[string]bool{}
	for _, c := range s.Calls() {
		all[c.Action] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// stackOf is the ARN of the stack that has, or had, a change set.
func (s *Stacks) stackOf(set string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.setOf[set]
}

// matches reports whether a pattern of IAM's matches: * is any text, ? one character.
func matches(pattern, text string) bool {
	pattern = regexp.QuoteMeta(pattern)
	pattern = strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(pattern)
	return regexp.MustCompile("^" + pattern + "$").MatchString(text)
}
