package capture

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"pack/manifest"
)

// packageManager is the program that installs an app's dependencies and runs
// its scripts.
type packageManager struct {
	// name is "npm", "pnpm", "yarn" or "bun": the command too.
	name string
	// root is the folder with the lock file: the workspace's root.
	root string
	// lock is the lock file's name; empty when there is none.
	lock string
	// berry is set for yarn 2 and later.
	berry bool
	// refusal says why it cannot install; nil when it can.
	refusal *manifest.UserError
}

// lockFiles are looked for in this order in each folder.
var lockFiles = []struct{ file, manager string }{
	{"pnpm-lock.yaml", "pnpm"},
	{"yarn.lock", "yarn"},
	{"bun.lock", "bun"},
	{"bun.lockb", "bun"},
	{"package-lock.json", "npm"},
	{"npm-shrinkwrap.json", "npm"},
}

// packageJSON is the part of package.json that capturing reads.
type packageJSON struct {
	Name                 string            `json:"name"`
	Version              string            `json:"version"`
	PackageManager       string            `json:"packageManager"`
	Workspaces           json.RawMessage   `json:"workspaces"`
	Scripts              map[string]string `json:"scripts"`
	Dependencies         map[string]string `json:"dependencies"`
	DevDependencies      map[string]string `json:"devDependencies"`
	OptionalDependencies map[string]string `json:"optionalDependencies"`
	PeerDependencies     map[string]string `json:"peerDependencies"`
}

func (p *packageJSON) dependsOn(name string) bool {
	for _, set := range []map[string]string{p.Dependencies, p.DevDependencies, p.OptionalDependencies, p.PeerDependencies} {
		if _, ok := set[name]; ok {
			return true
		}
	}
	return false
}

func readPackageJSON(path string) (*packageJSON, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var p packageJSON
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, &manifest.UserError{What: "package.json cannot be read", Where: path, Err: err}
	}
	return &p, nil
}

// findPackageManager looks from dir upwards: the nearest folder with a lock
// file is the workspace's root, the nearest packageManager field names the
// program. It does not leave the repository. Without a repository, a folder
// above counts only when it declares a workspace: the lock file of a stranger
// may lie in /tmp.
func findPackageManager(dir string) (packageManager, error) {
	m := packageManager{root: dir}
	named, namedAt, repository := "", dir, false
	for at := dir; ; at = filepath.Dir(at) {
		if p, err := readPackageJSON(filepath.Join(at, "package.json")); err == nil && named == "" {
			named, namedAt = p.PackageManager, at
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return m, err
		}
		want, _, _ := strings.Cut(named, "@")
		if m.lock == "" {
			m.lock, m.name = lockIn(at, want)
			if m.lock != "" {
				m.root = at
			}
		}
		// The field may stand above the lock file, never above the repository.
		if repository = exists(filepath.Join(at, ".git")); repository || filepath.Dir(at) == at {
			break
		}
	}
	strange := func(at string) bool { return at != dir && !repository && !declaresWorkspace(at) }
	if strange(m.root) {
		m.root, m.lock, m.name = dir, "", ""
	}
	if strange(namedAt) {
		named = ""
	}
	name, version, _ := strings.Cut(named, "@")
	switch name {
	case "npm", "pnpm", "yarn", "bun":
		if m.lock != "" && m.name != name {
			m.refusal = &manifest.UserError{
				What:  fmt.Sprintf("packageManager is %q, but the lock file is %s's", named, m.name),
				Where: filepath.Join(m.root, m.lock),
				Hint:  fmt.Sprintf("run `%s install` and commit its lock file, or change packageManager in package.json", name),
			}
		}
		m.name = name
	case "":
	default:
		m.refusal = &manifest.UserError{
			What: fmt.Sprintf("packageManager %q is not known", named), Where: filepath.Join(dir, "package.json"),
			Hint: "npm, pnpm, yarn and bun are",
		}
	}
	if m.name == "" {
		m.name = "npm"
	}
	m.berry = m.name == "yarn" && (exists(filepath.Join(m.root, ".yarnrc.yml")) ||
		version != "" && !strings.HasPrefix(version, "1.") && version != "1")
	return m, nil
}

// lockIn gives the lock file in dir; the wanted manager's when there are
// several.
func lockIn(dir, want string) (lock, manager string) {
	for _, l := range lockFiles {
		if !exists(filepath.Join(dir, l.file)) {
			continue
		}
		if l.manager == want {
			return l.file, l.manager
		}
		if lock == "" {
			lock, manager = l.file, l.manager
		}
	}
	return lock, manager
}

// declaresWorkspace reports whether dir is the root of a workspace.
func declaresWorkspace(dir string) bool {
	p, err := readPackageJSON(filepath.Join(dir, "package.json"))
	return err == nil && len(p.Workspaces) > 0 || exists(filepath.Join(dir, "pnpm-workspace.yaml"))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// install gives the command that installs exactly what the lock file names,
// development dependencies included: builds need them whatever NODE_ENV says.
func (m packageManager) install() []string {
	switch {
	case m.name == "pnpm":
		return []string{"pnpm", "install", "--frozen-lockfile", "--prod=false"}
	case m.berry:
		return []string{"yarn", "install", "--immutable"}
	case m.name == "yarn":
		return []string{"yarn", "install", "--frozen-lockfile", "--production=false", "--non-interactive"}
	case m.name == "bun":
		return []string{"bun", "install", "--frozen-lockfile"}
	}
	return []string{"npm", "ci", "--include=dev", "--no-audit", "--no-fund"}
}

// run gives the command that runs a script of package.json. What is installed
// needs no particular manager for that: npm, which comes with Node.js, takes the
// place of one that is missing.
func (m packageManager) run(script string) ([]string, error) {
	err := m.require()
	if err == nil {
		return []string{m.name, "run", script}, nil
	}
	if _, missing := exec.LookPath("npm"); missing != nil {
		return nil, err
	}
	return []string{"npm", "run", script}, nil
}

// require returns a *manifest.UserError if the program is not on PATH.
func (m packageManager) require() error {
	if _, err := exec.LookPath(m.name); err == nil {
		return nil
	}
	e := &manifest.UserError{
		What: m.name + " is not installed",
		Why:  fmt.Sprintf("%s is %s's lock file", m.lock, m.name),
		Hint: "install " + m.name + " and run pack again",
	}
	if m.lock == "" {
		e.Why = "package.json asks for it"
	}
	if m.name == "pnpm" || m.name == "yarn" {
		e.Hint = "run `corepack enable " + m.name + "`; corepack comes with Node.js up to 24, and later with `npm install -g corepack`"
	}
	return e
}
