package capture_test

import (
	"path/filepath"
	"strings"
	"testing"

	"pack/manifest/capture"
)

func TestPackageManager(t *testing.T) {
	const app = `{"dependencies":{"next":"16"}}`
	for _, c := range []struct {
		name, dir string
		files     map[string]string
		want      string // name, root relative to the folder, lock file, install command
	}{
		{"npm", ".", map[string]string{"package-lock.json": ""}, "npm . package-lock.json npm ci --include=dev --no-audit --no-fund"},
		{"shrinkwrap", ".", map[string]string{"npm-shrinkwrap.json": ""}, "npm . npm-shrinkwrap.json npm ci --include=dev --no-audit --no-fund"},
		{"pnpm", ".", map[string]string{"pnpm-lock.yaml": ""}, "pnpm . pnpm-lock.yaml pnpm install --frozen-lockfile --prod=false"},
		{"classic yarn", ".", map[string]string{"yarn.lock": ""}, "yarn . yarn.lock yarn install --frozen-lockfile --production=false --non-interactive"},
		{"yarn", ".", map[string]string{"yarn.lock": "", ".yarnrc.yml": ""}, "yarn . yarn.lock yarn install --immutable"},
		{"yarn by field", ".", map[string]string{"yarn.lock": "", "package.json": `{"packageManager":"yarn@4.1.0"}`}, "yarn . yarn.lock yarn install --immutable"},
		{"bun", ".", map[string]string{"bun.lock": ""}, "bun . bun.lock bun install --frozen-lockfile"},
		{"old bun", ".", map[string]string{"bun.lockb": ""}, "bun . bun.lockb bun install --frozen-lockfile"},
		{"workspace", "apps/web", map[string]string{"apps/web/package.json": app, "pnpm-lock.yaml": "", ".git/": "", "package.json": `{"packageManager":"pnpm@10.0.0"}`}, "pnpm . pnpm-lock.yaml pnpm install --frozen-lockfile --prod=false"},
		{"nearest lock file", "apps/web", map[string]string{"apps/web/package.json": app, "apps/web/yarn.lock": "", "package-lock.json": ""}, "yarn apps/web yarn.lock yarn install --frozen-lockfile --production=false --non-interactive"},
		{"several, one named", ".", map[string]string{"yarn.lock": "", "package-lock.json": "", "package.json": `{"packageManager":"npm@11.0.0"}`}, "npm . package-lock.json npm ci --include=dev --no-audit --no-fund"},
		{"not above the repository", "in", map[string]string{"in/package.json": app, "in/.git/": "", "yarn.lock": ""}, "npm in  npm ci --include=dev --no-audit --no-fund"},
		{"a stranger's lock file above", "in", map[string]string{"in/package.json": app, "yarn.lock": "", "package.json": `{"packageManager":"yarn@4.1.0"}`}, "npm in  npm ci --include=dev --no-audit --no-fund"},
		{"workspace without a repository", "in", map[string]string{"in/package.json": app, "yarn.lock": "", "package.json": `{"workspaces":["in"]}`}, "yarn . yarn.lock yarn install --frozen-lockfile --production=false --non-interactive"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := writeFiles(t, c.files)
			name, at, lock, install, err := capture.FindPackageManager(filepath.Join(root, c.dir))
			must(t, err)
			rel, err := filepath.Rel(root, at)
			must(t, err)
			got := strings.Join([]string{name, filepath.ToSlash(rel), lock, strings.Join(install, " ")}, " ")
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
