package capture

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// dotEnvFiles are read in this order for production; the first that names a
// variable decides (@next/env, loadEnvConfig).
var dotEnvFiles = []string{".env.production.local", ".env.local", ".env.production", ".env"}

// DotEnv gives the variables that the app's .env files name for production, as
// Next.js would see them: a variable of this process goes before the files,
// and $NAME, ${NAME} and ${NAME:-default} are replaced. Variables that no file
// names are not in it.
func DotEnv(dir string) (map[string]string, error) {
	process := map[string]string{}
	for _, kv := range os.Environ() {
		if name, value, ok := strings.Cut(kv, "="); ok {
			process[name] = value
		}
	}
	var files []string
	for _, name := range dotEnvFiles {
		path := filepath.Join(dir, name)
		if st, err := os.Stat(path); err == nil && st.IsDir() {
			continue
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read environment: %w", err)
		}
		files = append(files, string(data))
	}
	return dotEnv(files, process), nil
}

// dotEnv takes the files' contents, the strongest first. A library would be
// the choice if one agreed with @next/env, which is dotenv 16 and
// dotenv-expand 8: quoting, comments and the order of expansion all differ.
func dotEnv(files []string, process map[string]string) map[string]string {
	// Next expands each file over what the stronger ones left.
	known := make(map[string]string, len(process))
	for name, value := range process {
		known[name] = value
	}
	named := map[string]string{}
	for _, file := range files {
		names, parsed := parseDotEnv(file)
		for _, name := range names {
			value, ok := known[name]
			if !ok {
				value = parsed[name]
			}
			value = expandDotEnv(value, known, parsed, 0)
			parsed[name] = strings.ReplaceAll(value, `\$`, "$")
		}
		for _, name := range names {
			known[name] = parsed[name]
			if _, ok := named[name]; ok {
				continue
			}
			if value, ok := process[name]; ok {
				named[name] = value
			} else {
				named[name] = parsed[name]
			}
		}
	}
	return named
}

// dotEnvLine is dotenv's grammar: export, a name, = or a colon, then a quoted
// value of one or more lines or the rest of the line before a #.
var dotEnvLine = regexp.MustCompile("(?m)^\\s*(?:export\\s+)?([\\w.-]+)(?:\\s*=\\s*?|:\\s+?)" +
	"(\\s*'(?:\\\\'|[^'])*'|\\s*\"(?:\\\\\"|[^\"])*\"|\\s*`(?:\\\\`|[^`])*`|[^#\\r\\n]+)?\\s*(?:#.*)?$")

// parseDotEnv gives the names in the order of their first appearance.
func parseDotEnv(file string) (names []string, values map[string]string) {
	values = map[string]string{}
	file = strings.ReplaceAll(strings.ReplaceAll(file, "\r\n", "\n"), "\r", "\n")
	for _, m := range dotEnvLine.FindAllStringSubmatch(file, -1) {
		name, value := m[1], strings.TrimSpace(m[2])
		double := strings.HasPrefix(value, `"`)
		value = unquote(value)
		if double {
			value = strings.ReplaceAll(strings.ReplaceAll(value, `\n`, "\n"), `\r`, "\r")
		}
		if _, ok := values[name]; !ok {
			names = append(names, name)
		}
		values[name] = value
	}
	return names, values
}

// unquote removes the pair of quotes around value, if there is one.
func unquote(value string) string {
	if len(value) < 2 || !strings.ContainsRune("'\"`", rune(value[0])) || value[len(value)-1] != value[0] {
		return value
	}
	return value[1 : len(value)-1]
}

var dotEnvReference = regexp.MustCompile(`^\$\{?(\w+)(?::-([^}\\]*))?\}?`)

// expandDotEnv replaces the last reference until there is none; depth ends a
// value that refers to itself, where Next would overflow its stack.
func expandDotEnv(value string, known, parsed map[string]string, depth int) string {
	if depth > 100 {
		return value
	}
	at := strings.LastIndexByte(value, '$')
	for at > 0 && value[at-1] == '\\' {
		at = strings.LastIndexByte(value[:at], '$')
	}
	if at < 0 {
		return value
	}
	m := dotEnvReference.FindStringSubmatch(value[at:])
	if m == nil {
		return value
	}
	with := known[m[1]]
	if with == "" {
		with = m[2]
	}
	if with == "" {
		with = parsed[m[1]]
	}
	// JavaScript's replace takes the first occurrence, and $$ for a dollar.
	value = strings.Replace(value, m[0], strings.ReplaceAll(with, "$$", "$"), 1)
	return expandDotEnv(value, known, parsed, depth+1)
}
