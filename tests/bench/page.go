package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pack/infra/price"
)

// piecesPart compares hardly anything: its table is a list.
const piecesPart = "pieces"

// publish writes benchmarks.md, benchmarks/bench.json and the plots into a folder.
func (r *report) publish(ctx context.Context, repository, folder string) error {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	pictures := filepath.Join(folder, "benchmarks")
	if err := os.MkdirAll(pictures, 0o755); err != nil {
		return err
	}
	figures := filepath.Join(pictures, "bench.json")
	if err := r.write(figures); err != nil {
		return err
	}
	if err := run(ctx, filepath.Join(repository, "tests", "bench", "plots"), nil, "go", "run", ".", figures, pictures); err != nil {
		r.fail("page", "plots", err)
	}
	text := r.page(func(name string) bool {
		_, err := os.Stat(filepath.Join(pictures, name))
		return err == nil
	})
	return os.WriteFile(filepath.Join(folder, "benchmarks.md"), []byte(text), 0o644)
}

// chapter is what the page says of a part before its tables.
type chapter struct {
	part, title, text string
	plots             []string
}

var chapters = []chapter{
	{"packing", "Packing", "What pack and OpenNext do after `next build`, which is not counted. OpenNext's npm install of an image library, a part of every one of its builds, is left out. \"With archives\" every function's zip file is written as well, which a deploy needs and OpenNext leaves to others. The apps of 10, 100 and 1,000 routes share their dependencies; half are route handlers, half pages. Memory is the most that all processes of the command had at one time. Uploads are archives and assets that were not there.", []string{"packing.svg"}},
	{"sizes", "Sizes", "Each function's archive; of route functions the median, with quartiles over functions.", nil},
	{functionsPart, "Every function", "pack's functions of the shop, one by one.", nil},
	{"cold", "Cold starts", "From the request, through the start of a process, to the first byte, on the local Lambda service; of `next start` from its start to the answer. pack's hits come from its gateway, other routes from their own function; \"gateway and function\" starts both. \"Code kept\" starts with what an earlier instance has compiled, as every instance does after a function's first. AWS adds the making of a sandbox and the fetching of the archive to all of them.", []string{"cold.svg"}},
	{"warm", "Warm requests", "p50 and p99 of requests one by one; throughput of 16 connections (of 4 where bodies are large). All but `next start`, nginx and \"gateway's handler\" go through the local Lambda service, with at most as many instances as suit this machine. nginx serves the very bytes that the gateway answers with; so does Go's HTTP server alone, which is the bound of whatever is built upon it. Load and servers share the machine's processors.", []string{"warm.svg"}},
	{"memory", "Memory", "Resident memory of all processes of an instance, after 200 requests.", nil},
	{piecesPart, "What the pieces cost", "The router in tables of growing size; the page cache by size and tags; revalidation of a tag; a dynamic page asked of its Node process, of its function and through the gateway, next to a function that does nothing: the Lambda service's own time.", []string{"router.svg"}},
	{"cost", "Dollars", costText(), nil},
}

func costText() string {
	list, err := price.Prices()
	if err != nil {
		return ""
	}
	return fmt.Sprintf("For a million requests that no CDN answers: %.0f %% ISR hits, %.0f %% route handlers, %.0f %% dynamic app pages, %.0f %% pages of the pages router; %.0f %% of the requests to a function start an instance. Times are the warm p50 above in whole milliseconds, and cold starts; memory is what functions are given (%d MB). pack's gateway waits for functions and is paid for that long. OpenNext's hits ask S3 and one query of tags each; of pack's, whose instances keep pages in memory, %.0f of 100 ask S3, and each reads %d units of the table, strongly consistent: more than what the page cache asks for in ten hits a second of a thousand pages by Zipf's law, with five tags and a revalidation a minute. arm64, before free tiers and discounts; %s. In the second line a read of S3 takes %d ms and one of DynamoDB %d ms.",
		share["ISR hit"]*100, share["route handler"]*100, share["dynamic app page"]*100, share["pages-router page"]*100, coldShare*100, peerMemory, getsOfHit*100, hitUnits, list.Note(""), s3Wait, dynamoWait)
}

// page is benchmarks.md; there says which plots exist.
func (r *report) page(there func(plot string) bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Benchmarks\n\nWritten by `go run ./tests/bench`; every figure is in [bench.json](benchmarks/bench.json). A %s run of %s, %.0f minutes, on %s.\n\n", r.Mode, r.Date, r.Minutes, r.Machine)
	b.WriteString("Nothing here ran on AWS. What is compared was measured in turns on one machine, every other round in the opposite order; read ratios, not times. Values are medians, with the quartiles in brackets.\n\n")
	b.WriteString("Everything builds the [example shop](../examples/storefront) and runs it on the same Node.js. OpenNext's server function runs on the same local Lambda service as pack's functions, under AWS's own Node runtime client, streaming, with its `fs-dev` overrides for pages and tags: files and memory, which is kinder to it than servers for S3 and DynamoDB would be. Its pages are always fresh.\n\n")
	b.WriteString("## Goals\n\n| | measured | goal | |\n|---|---|---|---|\n")
	for _, g := range r.Goals {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", g.What, g.measured(), g.limit(), g.verdict())
	}
	if len(r.Failures) > 0 {
		b.WriteString("\nNot measured in this run:\n\n")
		for _, f := range r.Failures {
			fmt.Fprintf(&b, "- %s, %s: `%s`\n", f.Part, f.What, strings.ReplaceAll(strings.Join(strings.Fields(f.Error), " "), "`", "'"))
		}
	}
	for _, c := range chapters {
		tables := r.tables(c.part)
		if c.part == piecesPart {
			tables = r.list(c.part)
		}
		if tables != "" {
			fmt.Fprintf(&b, "\n## %s\n\n%s\n", c.title, c.text)
			for _, plot := range c.plots {
				if there(plot) {
					fmt.Fprintf(&b, "\n![%s](benchmarks/%s)\n", c.title, plot)
				}
			}
			b.WriteString(tables)
		}
	}
	return b.String()
}

// tables are those of a part: one for each measure, cases in rows and subjects in
// columns.
func (r *report) tables(part string) string {
	var b strings.Builder
	measures := distinct(r.Series, part, func(s *series) string { return s.Measure })
	subjects := distinct(r.Series, part, func(s *series) string { return s.Subject })
	cases := distinct(r.Series, part, func(s *series) string { return s.Case })
	cell := func(name, subject, measure string) string {
		if s := r.find(part, name, subject, measure); s != nil {
			return s.spread()
		}
		return ""
	}
	// lists are measures that only one subject has: they share a table.
	lists := make(map[string][]string)
	for _, measure := range measures {
		var by []string
		for _, subject := range subjects {
			if slices.ContainsFunc(cases, func(name string) bool { return cell(name, subject, measure) != "" }) {
				by = append(by, subject)
			}
		}
		if len(by) == 1 {
			lists[by[0]] = append(lists[by[0]], measure)
			continue
		}
		table(&b, measure, by, cases, func(name, subject string) string { return cell(name, subject, measure) })
	}
	for _, subject := range subjects {
		if len(lists[subject]) > 0 {
			table(&b, subject, lists[subject], cases, func(name, measure string) string { return cell(name, subject, measure) })
		}
	}
	return b.String()
}

// list is one table of a part: a row for each case and subject, a column for each
// measure.
func (r *report) list(part string) string {
	var b strings.Builder
	measures := distinct(r.Series, part, func(s *series) string { return s.Measure })
	rows := distinct(r.Series, part, func(s *series) string { return s.Case + ", " + s.Subject })
	table(&b, "", measures, rows, func(row, measure string) string {
		for _, s := range r.Series {
			if s.Part == part && s.Measure == measure && s.Case+", "+s.Subject == row {
				return s.spread()
			}
		}
		return ""
	})
	return b.String()
}

// table writes one, without rows and columns that are empty.
func table(b *strings.Builder, title string, columns, rows []string, cell func(row, column string) string) {
	rows = slices.DeleteFunc(slices.Clone(rows), func(row string) bool {
		return !slices.ContainsFunc(columns, func(c string) bool { return cell(row, c) != "" })
	})
	columns = slices.DeleteFunc(slices.Clone(columns), func(c string) bool {
		return !slices.ContainsFunc(rows, func(row string) bool { return cell(row, c) != "" })
	})
	fmt.Fprintf(b, "\n| %s | %s |\n|---|%s\n", title, strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	for _, row := range rows {
		fmt.Fprintf(b, "| %s |", row)
		for _, c := range columns {
			fmt.Fprintf(b, " %s |", cell(row, c))
		}
		b.WriteString("\n")
	}
}

// distinct lists what a part's series are named, in the order of their first mention.
func distinct(all []*series, part string, name func(*series) string) []string {
	var names []string
	for _, s := range all {
		if s.Part == part && !slices.Contains(names, name(s)) {
			names = append(names, name(s))
		}
	}
	return names
}
