package tests_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
)

// inspected is what these tests read of `pack inspect --json`.
type inspected struct {
	Schema     int `json:"schema"`
	Deployment struct {
		ID      string `json:"id"`
		BuildID string `json:"buildId"`
	} `json:"deployment"`
	Functions []struct {
		Name        string   `json:"name"`
		Kind        string   `json:"kind"`
		Routes      []string `json:"routes"`
		MaxDuration int      `json:"maxDuration"`
	} `json:"functions"`
	Pages []struct {
		Pathname string `json:"pathname"`
		Route    string `json:"route"`
		Template bool   `json:"template"`
	} `json:"pages"`
}

// inspect reads what `pack inspect` says about an app.
func inspect(app string) (*inspected, error) {
	out, err := packCommand(app, "inspect", "--json").Output()
	if err != nil {
		return nil, fmt.Errorf("pack inspect --json: %w", err)
	}
	found := new(inspected)
	if err := json.Unmarshal(out, found); err != nil {
		return nil, fmt.Errorf("pack inspect --json wrote no JSON document: %w\n%.500s", err, out)
	}
	return found, nil
}

var theDeployment = sync.OnceValues(func() (*inspected, error) {
	b, err := theApp()
	if err != nil {
		return nil, err
	}
	return inspect(b.folder)
})

// deployment is what `pack inspect` says about the shop.
func deployment(t *testing.T) *inspected {
	t.Helper()
	d, err := theDeployment()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// functionOf is the name of the function that answers a route.
func (d *inspected) functionOf(t *testing.T, route string) string {
	t.Helper()
	for _, f := range d.Functions {
		for _, r := range f.Routes {
			if r == route {
				return f.Name
			}
		}
	}
	t.Fatalf("no function answers %s", route)
	return ""
}
