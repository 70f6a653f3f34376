package capture

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/mod/semver"

	"pack/manifest"
)

// findNext resolves the next package as Node does from dir: the nearest
// node_modules/next, upwards. The folder is empty when there is none.
func findNext(dir string) (folder, version string, err error) {
	for at := dir; ; at = filepath.Dir(at) {
		folder = filepath.Join(at, "node_modules", "next")
		p, err := readPackageJSON(filepath.Join(folder, "package.json"))
		if err == nil {
			return folder, p.Version, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", "", err
		}
		if filepath.Dir(at) == at {
			return "", "", nil
		}
	}
}

// checkNextVersion refuses what has no stable adapter API. A pre-release of
// the first version counts as older.
func checkNextVersion(folder, version string) error {
	if v := "v" + version; semver.IsValid(v) && semver.Compare(v, "v"+MinNextVersion) >= 0 {
		return nil
	}
	return &manifest.UserError{
		What:  fmt.Sprintf("Next.js %s is too old: pack needs %s or later", version, MinNextVersion),
		Where: filepath.Join(folder, "package.json"),
		Why:   "pack reads builds through Next's adapter API, which is stable since " + MinNextVersion,
		Hint:  "run `npx @next/codemod@latest upgrade latest` in the app",
	}
}

// CheckNext gives the version of Next.js that the app in dir has installed; one
// that pack cannot use, or none, is a *manifest.UserError.
func CheckNext(dir string) (version string, err error) {
	folder, version, err := findNext(dir)
	if err != nil {
		return "", err
	}
	if folder == "" {
		return "", &manifest.UserError{What: "Next.js is not installed", Where: dir, Hint: "pack build installs what the lock file names"}
	}
	return version, checkNextVersion(folder, version)
}
