package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

// largeAsset is a file of 1 MiB that is added to the shop's public folder.
const largeAsset = "/large.bin"

// makeShop copies, installs, builds and packs the example shop.
func (w *workshop) makeShop(ctx context.Context) (string, error) {
	dir := filepath.Join(w.dir, "shop")
	if err := w.copyShop(dir); err != nil {
		return "", err
	}
	if err := run(ctx, w.dir, nil, w.pack, "build", dir); err != nil {
		return "", err
	}
	return dir, run(ctx, w.dir, nil, "cp", "-a", dir, forNext(dir))
}

func (w *workshop) copyShop(dir string) error {
	if err := os.CopyFS(dir, filtered{os.DirFS(filepath.Join(w.repository, "examples", "storefront"))}); err != nil {
		return err
	}
	// Bytes that nothing can compress, the same every time.
	content := make([]byte, 0, 1<<20)
	for sum := sha256.Sum256([]byte("large")); len(content) < cap(content); sum = sha256.Sum256(sum[:]) {
		content = append(content, sum[:]...)
	}
	return os.WriteFile(filepath.Join(dir, "public", largeAsset), content, 0o644)
}

// forNext is the copy of an app that `next start` runs in.
func forNext(dir string) string { return dir + "-next" }

// makeRoutes writes and builds an app with n/2 route handlers and n/2 pages that share
// their dependencies, with the shop's node_modules.
func (w *workshop) makeRoutes(ctx context.Context, n int) (string, error) {
	shop, err := w.shop()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(w.dir, fmt.Sprintf("routes-%d", n))
	files := map[string]string{
		"app/layout.tsx": "export default function Layout({ children }: { children: React.ReactNode }) { return <html><body>{children}</body></html> }\n",
		"app/page.tsx":   "export default function Page() { return <p>home</p> }\n",
		"tsconfig.json":  `{"compilerOptions":{"jsx":"react-jsx","module":"esnext","moduleResolution":"bundler","strict":true,"skipLibCheck":true,"noEmit":true}}`,
	}
	for i := range n / 2 {
		files[handlerFile(i)] = handlerSource(i, "first")
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
	if err := run(ctx, w.dir, nil, "cp", "-al", filepath.Join(shop, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		return "", err
	}
	return dir, run(ctx, w.dir, nil, w.pack, "build", dir)
}

// handlerFile and handlerSource are one route of such an app; another text is another
// version of it.
func handlerFile(i int) string { return fmt.Sprintf("app/api/r%d/route.ts", i) }

func handlerSource(i int, text string) string {
	return fmt.Sprintf("export async function GET() { return Response.json({ route: %d, text: '%s' }) }\n", i, text)
}
