package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// progress tells what is being done, on standard error.
type progress interface {
	// step begins a step. What a program prints meanwhile may go to the same
	// stream.
	step(text string)
	// count says how far a step of many parts is.
	count(text string, done, total int)
	// note is a line that stays.
	note(text string)
	// end ends the last step.
	end()
}

// newProgress makes the progress that suits the stream: a line that changes on
// a terminal, one line a step elsewhere.
func newProgress(w io.Writer) progress {
	if style := styleOf(w); style.terminal {
		return &liveProgress{w: w, style: style}
	}
	return &plainProgress{w: w}
}

// plainProgress prints a line when something begins, and nothing after that.
type plainProgress struct {
	w    io.Writer
	last string
}

func (p *plainProgress) step(text string) {
	p.last = text
	fmt.Fprintln(p.w, text)
}

func (p *plainProgress) count(text string, _, total int) {
	if text != p.last {
		p.step(text)
	}
}

func (p *plainProgress) note(text string) { fmt.Fprintln(p.w, text) }
func (p *plainProgress) end()             { p.last = "" }

// liveProgress rewrites one line while parts are counted.
type liveProgress struct {
	w     io.Writer
	style style
	// open is what the last line on the screen counts, while it is one to
	// rewrite.
	open  string
	drawn time.Time
}

// redraw is how often the line changes: more than that nobody can read.
const redraw = 50 * time.Millisecond

func (p *liveProgress) step(text string) {
	p.end()
	fmt.Fprintln(p.w, p.style.dim(text))
}

func (p *liveProgress) count(text string, done, total int) {
	now := time.Now()
	if p.open == text && done < total && now.Sub(p.drawn) < redraw {
		return
	}
	if p.open != text {
		p.end()
	}
	p.drawn, p.open = now, text
	fmt.Fprintf(p.w, "\r\x1b[2K%s", p.style.dim(fmt.Sprintf("%s %d/%d", text, done, total)))
}

func (p *liveProgress) note(text string) {
	p.end()
	fmt.Fprintln(p.w, text)
}

func (p *liveProgress) end() {
	if p.open != "" {
		fmt.Fprintln(p.w)
		p.open = ""
	}
}

// style colours text for a terminal and leaves it alone elsewhere.
type style struct{ terminal, colour bool }

// styleOf asks whether w is a terminal; NO_COLOR (https://no-color.org) and
// TERM=dumb are honoured.
func styleOf(w io.Writer) style {
	f, ok := w.(*os.File)
	terminal := ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
	return style{terminal: terminal, colour: terminal && os.Getenv("NO_COLOR") == ""}
}

func (s style) bad(text string) string    { return s.sgr("1;31", text) }
func (s style) strong(text string) string { return s.sgr("1", text) }
func (s style) dim(text string) string    { return s.sgr("2", text) }

func (s style) sgr(code, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + code + "m" + strings.TrimSpace(text) + "\x1b[0m"
}
