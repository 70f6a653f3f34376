package tests_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"pack/manifest"
)

// routesManifest is where Next keeps, among others, the name of the deployment,
// which pack's adapter gives a build when that file is written already.
const routesManifest = "routes-manifest.json"

// copyBuild copies an app's build for `next start`, with the deployment's name
// in its rules.
func copyBuild(from, to, dist string) error {
	if err := copyTree(filepath.Join(from, dist), filepath.Join(to, dist), copyFile); err != nil {
		return err
	}
	record, err := manifest.Load(filepath.Join(from, ".pack", "build.json"))
	if err != nil {
		return err
	}
	path := filepath.Join(to, dist, routesManifest)
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil // An exported site.
	}
	if err != nil {
		return err
	}
	return os.WriteFile(path, bytes.ReplaceAll(text, []byte("pack-unnamed"), []byte(record.Config.DeploymentID)), 0o644)
}

// asBuilt is an adapter that has `next start` take the build for what pack's made
// it, which it would not know from next.config.
const asBuilt = `module.exports = {
  name: 'as-built',
  modifyConfig: (config) => {
    config.supportsImmutableAssets = config.supportsImmutableAssets ?? config.output !== 'export'
    config.adapterPath = undefined // Next answers otherwise where there is one.
    return config
  },
}`

// nextStart prepares `next start` on a copied build. Next's server has the
// deployment's name from its environment, as pack's functions do.
func nextStart(folder string) *server {
	s := command("next start", folder, "node", "node_modules/next/dist/bin/next", "start", "-H", "localhost", "-p", "0")
	for _, dist := range []string{".next", "build"} {
		text, err := os.ReadFile(filepath.Join(folder, dist, routesManifest))
		if err != nil {
			continue
		}
		var named struct{ DeploymentID string }
		if err := json.Unmarshal(text, &named); err != nil {
			panic(fmt.Sprintf("%s: %v", routesManifest, err))
		}
		if named.DeploymentID == "" {
			continue
		}
		adapter := filepath.Join(root, "as-built.cjs")
		if err := os.WriteFile(adapter, []byte(asBuilt), 0o644); err != nil {
			panic(err)
		}
		s.cmd.Env = append(s.cmd.Env, "NEXT_DEPLOYMENT_ID="+named.DeploymentID, "NEXT_ADAPTER_PATH="+adapter)
	}
	return s
}
