package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// jsonSchema is the version of all JSON documents that commands print
// (docs/json.md).
const jsonSchema = 1

// printJSON prints a result as one indented document.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// table is rows of text below a head. Columns whose name begins with ">" hold
// numbers and are aligned to the right.
type table struct {
	right []bool
	rows  [][]string
}

func newTable(columns ...string) *table {
	t := &table{right: make([]bool, len(columns))}
	for i, name := range columns {
		columns[i], t.right[i] = strings.TrimPrefix(name, ">"), strings.HasPrefix(name, ">")
	}
	t.rows = [][]string{columns}
	return t
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// printTables prints the tables that have rows, an empty line between them.
func printTables(w io.Writer, tables []*table) error {
	first := true
	for _, t := range tables {
		if len(t.rows) == 1 {
			continue
		}
		if !first {
			fmt.Fprintln(w)
		}
		first = false
		if err := t.print(w); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) print(w io.Writer) error {
	tabs := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.DiscardEmptyColumns)
	for i := range t.right {
		if t.right[i] {
			t.alignRight(i)
		}
	}
	for _, row := range t.rows {
		if _, err := fmt.Fprintln(tabs, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return tabs.Flush()
}

func (t *table) alignRight(column int) {
	width := 0
	for _, row := range t.rows {
		width = max(width, utf8.RuneCountInString(row[column]))
	}
	for _, row := range t.rows {
		row[column] = strings.Repeat(" ", width-utf8.RuneCountInString(row[column])) + row[column]
	}
}

// few lists up to n texts and counts the rest.
func few(texts []string, n int) string {
	if len(texts) <= n {
		return strings.Join(texts, " ")
	}
	return fmt.Sprintf("%s +%d", strings.Join(texts[:n], " "), len(texts)-n)
}

// count gives a number and its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// size gives bytes as people read them; a kB is 1000 bytes.
func size(bytes int64) string {
	switch {
	case bytes < 1000:
		return fmt.Sprintf("%d B", bytes)
	case bytes < 1000*1000:
		return fmt.Sprintf("%.1f kB", float64(bytes)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1000/1000)
}

// seconds gives a time in seconds as people read it; nil is never.
func seconds(n *int) string {
	if n == nil {
		return "never"
	}
	switch {
	case *n >= 2*24*3600 && *n%(24*3600) == 0:
		return fmt.Sprintf("%d d", *n/(24*3600))
	case *n >= 2*3600 && *n%3600 == 0:
		return fmt.Sprintf("%d h", *n/3600)
	}
	return fmt.Sprintf("%d s", *n)
}
