package tests_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// instances lists the processes of a function's instances, their children
// included; of every function but the gateway for the empty name.
func (s *server) instances(t *testing.T, function string) []process {
	t.Helper()
	return slices.DeleteFunc(descendants(t, s.cmd.Process.Pid), func(p process) bool {
		of := p.variable("AWS_LAMBDA_FUNCTION_NAME")
		if function == "" {
			return of == "" || of == gatewayName || p.state == 'Z'
		}
		return of != function || p.state == 'Z'
	})
}

// gatewayName is the function that every request goes through.
const gatewayName = "gateway"

// routeNode waits for a Node process of a function.
func (s *server) routeNode(t *testing.T, function string) process {
	t.Helper()
	var found process
	eventually(t, 20*time.Second, func() string {
		for _, p := range s.instances(t, function) {
			if program, _, _ := strings.Cut(p.command, " "); strings.HasSuffix(program, "node") {
				found = p
				return ""
			}
		}
		return fmt.Sprintf("no Node process of function %s runs", function)
	})
	return found
}

// frozen waits until every process of a function's instances is stopped.
func (s *server) frozen(t *testing.T, function string) {
	t.Helper()
	eventually(t, 20*time.Second, func() string {
		all := s.instances(t, function)
		if len(all) == 0 {
			return fmt.Sprintf("function %s has no instance", function)
		}
		for _, p := range all {
			if p.state != 'T' {
				return fmt.Sprintf("of function %s still runs %s", function, p)
			}
		}
		return ""
	})
}
