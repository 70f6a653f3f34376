package main

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func drive(p progress) {
	p.step("building")
	for i := range 3 {
		p.count("compressing", i+1, 3)
	}
	p.count("packing", 1, 1)
	p.note("warning: careful")
	p.end()
}

func TestProgress(t *testing.T) {
	var plain bytes.Buffer
	drive(newProgress(&plain))
	if diff := cmp.Diff("building\ncompressing\npacking\nwarning: careful\n", plain.String()); diff != "" {
		t.Errorf("plain:\n%s", diff)
	}
	var live bytes.Buffer
	drive(&liveProgress{w: &live, style: style{terminal: true}})
	// The second of the three comes too soon after the first to be shown.
	want := "building\n\r\x1b[2Kcompressing 1/3\r\x1b[2Kcompressing 3/3\n\r\x1b[2Kpacking 1/1\nwarning: careful\n"
	if diff := cmp.Diff(want, live.String()); diff != "" {
		t.Errorf("terminal:\n%s", diff)
	}
}

func TestStyle(t *testing.T) {
	if got := (style{colour: true}).bad("no"); got != "\x1b[1;31mno\x1b[0m" {
		t.Errorf("in colour: %q", got)
	}
	if got := (style{terminal: true}).bad("no"); got != "no" {
		t.Errorf("under NO_COLOR: %q", got)
	}
}
