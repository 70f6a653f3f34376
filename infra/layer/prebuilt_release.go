//go:build release

package layer

import (
	"embed"
	"io/fs"
)

// A release is built in two steps, for each kind of machine that pack itself
// is to run on:
//
//	go run ./infra/layer/prebuild -host darwin/arm64
//	GOOS=darwin GOARCH=arm64 go build -trimpath -tags release ./cmd/pack
//
//go:embed prebuilt/*.gz prebuilt/*.sha256
var embedded embed.FS

var prebuilt fs.FS = embedded
