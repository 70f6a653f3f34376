package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// workshop is a folder outside the repository with the apps that are measured.
type workshop struct {
	dir, repository, pack string
}

func newWorkshop(ctx context.Context, repository string) (*workshop, error) {
	dir, err := os.MkdirTemp("", "pack-bench-")
	if err != nil {
		return nil, err
	}
	w := &workshop{dir: dir, repository: repository, pack: filepath.Join(dir, "pack")}
	return w, run(ctx, repository, "go", "build", "-o", w.pack, "./cmd/pack")
}

// nodeVersion is what Lambda's managed runtime nodejs24.x is near to.
const nodeVersion = "24.21.0"

// useNode puts Lambda's version of Node before the machine's: everything that
// is measured runs on it.
func (w *workshop) useNode(ctx context.Context) error {
	dir := filepath.Join(w.dir, "node")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := run(ctx, dir, "npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefix", dir, "node@"+nodeVersion); err != nil {
		return err
	}
	bin := filepath.Join(dir, "node_modules", "node", "bin")
	if err := run(ctx, dir, filepath.Join(bin, "node"), "--version"); err != nil {
		return err
	}
	return os.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func (w *workshop) close() { os.RemoveAll(w.dir) }

// storefront copies, installs, builds and packs the example shop.
func (w *workshop) storefront(ctx context.Context) (string, error) {
	dir := filepath.Join(w.dir, "storefront")
	if err := os.CopyFS(dir, filtered{os.DirFS(filepath.Join(w.repository, "examples", "storefront"))}); err != nil {
		return "", err
	}
	if err := run(ctx, w.dir, w.pack, "build", dir); err != nil {
		return "", err
	}
	// `next start` writes into the build that it serves.
	return dir, run(ctx, w.dir, "cp", "-a", dir, forNext(dir))
}

// forNext is the copy of an app that `next start` runs in.
func forNext(dir string) string { return dir + "-next" }

// routes writes and builds an app with n route handlers and n pages that share
// their dependencies, with the shop's node_modules.
func (w *workshop) routes(ctx context.Context, shop string, n int) (string, error) {
	dir := filepath.Join(w.dir, fmt.Sprintf("routes-%d", n))
	files := map[string]string{
		"app/layout.tsx": "export default function Layout({ children }: { children: React.ReactNode }) { return <html><body>{children}</body></html> }\n",
		"app/page.tsx":   "export default function Page() { return <p>home</p> }\n",
		"tsconfig.json":  `{"compilerOptions":{"jsx":"react-jsx","module":"esnext","moduleResolution":"bundler","strict":true,"skipLibCheck":true,"noEmit":true}}`,
	}
	for i := range n / 2 {
		files[fmt.Sprintf("app/api/r%d/route.ts", i)] = fmt.Sprintf("export async function GET() { return Response.json({ route: %d }) }\n", i)
		files[fmt.Sprintf("app/p%d/page.tsx", i)] = fmt.Sprintf("export const dynamic = 'force-dynamic'\nexport default function Page() { return <p>page %d</p> }\n", i)
	}
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return "", err
		}
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		if err := copyFile(filepath.Join(shop, name), filepath.Join(dir, name)); err != nil {
			return "", err
		}
	}
	if err := run(ctx, w.dir, "cp", "-al", filepath.Join(shop, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		return "", err
	}
	return dir, run(ctx, w.dir, w.pack, "build", dir)
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o644)
}
