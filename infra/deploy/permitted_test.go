//go:build unix

package deploy_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pack/infra/doctor"
)

// asked are the actions that all tests have asked for.
var (
	asking sync.Mutex
	asked  []string
)

// permitted checks that whoever has the policy of pack doctor and nothing else could
// have done what the test did.
func (c *cloud) permitted() {
	place := doctor.Place{Account: c.target.Account.ID, Prefix: c.name(), Regions: []string{c.target.Home, "us-east-1", "eu-west-1"}}
	policy, err := doctor.NewPolicy(place, doctor.AllTypes())
	if err != nil {
		c.t.Fatal(err)
	}
	text, err := json.Marshal(policy)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, refused := range c.Refused(text) {
		c.t.Errorf("the policy of pack doctor does not allow %s", refused)
	}
	asking.Lock()
	defer asking.Unlock()
	for _, action := range c.Actions() {
		if !slices.Contains(asked, action) {
			asked = append(asked, action)
		}
	}
}

// whole are the tests of this package. When all of them have run, what they have asked
// for is compared with what the policy is said to be for.
type whole struct{ tests *testing.M }

func (w whole) Run() int {
	code := w.tests.Run()
	if some := flag.Lookup("test.run").Value.String() + flag.Lookup("test.skip").Value.String(); code != 0 || some != "" {
		return code
	}
	const path = "../doctor/testdata/asked.json"
	var told map[string][]string
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &told)
	}
	slices.Sort(asked)
	if diff := cmp.Diff(told["infra/deploy"], asked); err != nil || diff != "" {
		fmt.Fprintf(os.Stderr, "FAIL: %s differs from what was asked for: %v\n%s", path, err, diff)
		return 1
	}
	return 0
}
