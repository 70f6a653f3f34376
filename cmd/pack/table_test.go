package main

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPrintTables(t *testing.T) {
	one := newTable("NAME", ">SIZE", "TAGS")
	one.row("gateway", size(999), "")
	one.row("größe", size(1_234_567), few([]string{"a", "b", "c"}, 2))
	empty := newTable("NOTHING")
	two := newTable("PAGE", ">REVALIDATE")
	never, day, hours, second := (*int)(nil), 365*24*3600, 7200, 1
	two.row("/", seconds(never))
	two.row("/year", seconds(&day))
	two.row("/hours", seconds(&hours))
	two.row("/second", seconds(&second))
	var b bytes.Buffer
	if err := printTables(&b, []*table{one, empty, two}); err != nil {
		t.Fatal(err)
	}
	want := `NAME       SIZE  TAGS
gateway   999 B  
größe    1.2 MB  a b +1

PAGE     REVALIDATE
/             never
/year         365 d
/hours          2 h
/second         1 s
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}
