package manifest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Lambda's quotas
// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
const (
	minMaxDuration = 1     // seconds
	maxMaxDuration = 900   // seconds
	minMemory      = 128   // MB
	maxMemory      = 10240 // MB
	// maxUnzipped is in bytes: 250 MB, layers included.
	maxUnzipped = 250 << 20
	// maxEnvironment is in bytes: 4 KB for all names and values, of which pack
	// needs a part itself.
	maxEnvironment = 4096 - 512
)

func checkMaxDuration(seconds int, where string) error {
	if seconds >= minMaxDuration && seconds <= maxMaxDuration {
		return nil
	}
	return &UserError{
		What: fmt.Sprintf("maxDuration %d cannot be", seconds), Where: where,
		Why:  fmt.Sprintf("Lambda runs a function for %d to %d seconds", minMaxDuration, maxMaxDuration),
		Hint: "do longer work in steps: a job that hands on to the next",
	}
}

func checkMemory(mb int, where string) error {
	if mb >= minMemory && mb <= maxMemory {
		return nil
	}
	return &UserError{
		What: fmt.Sprintf("memory %d cannot be", mb), Where: where,
		Why:  fmt.Sprintf("Lambda gives a function %d to %d MB", minMemory, maxMemory),
		Hint: "set memory to a value between them",
	}
}

var variableName = pattern(`^[a-zA-Z][a-zA-Z0-9_]+$`)

// checkEnvironment refuses names that Lambda or pack set themselves
// (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html)
// and sets that are too large.
func checkEnvironment(env map[string]string, where string) error {
	size := 0
	for _, name := range slices.Sorted(maps.Keys(env)) {
		size += len(name) + len(env[name])
		e := &UserError{What: fmt.Sprintf("the variable %s cannot be set", name), Where: where}
		switch {
		case strings.HasPrefix(name, "AWS_"), strings.HasPrefix(name, "LAMBDA_"), name == "_HANDLER", name == "_X_AMZN_TRACE_ID":
			e.Why, e.Hint = "Lambda keeps names that begin with AWS_ or LAMBDA_, and _HANDLER, for itself", "give it another name"
			return e
		case strings.HasPrefix(name, "PACK_"):
			e.Why, e.Hint = "pack keeps names that begin with PACK_ for itself", "give it another name"
			return e
		case !variableName().MatchString(name):
			e.Why, e.Hint = "Lambda takes names of two or more letters, digits and underscores that begin with a letter", "give it another name"
			return e
		}
	}
	if size > maxEnvironment {
		return &UserError{
			What: fmt.Sprintf("the environment has %d bytes", size), Where: where,
			Why:  fmt.Sprintf("Lambda takes 4096 bytes of names and values, and pack needs %d of them", 4096-maxEnvironment),
			Hint: "keep large values in a secret or a parameter and read them when the function starts",
		}
	}
	return nil
}

// checkSize refuses a function that Lambda would not take, with the packages
// that weigh most.
func checkSize(files []File, layers int64, where string) error {
	total := layers + unzipped(files)
	if total <= maxUnzipped {
		return nil
	}
	weight := map[string]int64{}
	for _, f := range files {
		weight[packageOf(f.Name)] += f.Size
	}
	names := slices.SortedFunc(maps.Keys(weight), func(a, b string) int {
		return cmp.Or(cmp.Compare(weight[b], weight[a]), cmp.Compare(a, b))
	})
	var b strings.Builder
	fmt.Fprintf(&b, "Lambda takes %s MB unzipped, layers included; the heaviest are:", megabytes(maxUnzipped))
	for _, name := range names[:min(10, len(names))] {
		fmt.Fprintf(&b, "\n%8s MB  %s", megabytes(weight[name]), name)
	}
	return &UserError{
		What: fmt.Sprintf("the function has %s MB", megabytes(total)), Where: where, Why: b.String(),
		Hint: "exclude what the route does not read with outputFileTracingExcludes in next.config, or load it from S3",
	}
}

func unzipped(files []File) (bytes int64) {
	for _, f := range files {
		bytes += f.Size
	}
	return bytes
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f", float64(bytes)/(1<<20)) }

// packageOf gives the npm package that a file belongs to, from its path;
// "the app" for the app's own files.
func packageOf(name string) string {
	const folder = "node_modules/"
	at := strings.LastIndex("/"+name, "/"+folder)
	if at < 0 {
		return "the app"
	}
	parts := strings.SplitN(name[at+len(folder):], "/", 3)
	if strings.HasPrefix(parts[0], "@") && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}
