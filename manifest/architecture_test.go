package manifest_test

import (
	"testing"

	"pack/manifest"
)

func TestFamilies(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"@img/sharp-linux-x64/lib/sharp-linux-x64.node", "@img/sharp-darwin-arm64/lib/sharp-darwin-arm64.node", true},
		{"@img/sharp-linux-x64/lib/sharp-linux-x64.node", "@img/sharp-linuxmusl-x64/lib/sharp-linuxmusl-x64.node", true},
		{"@img/sharp-linux-x64/lib/sharp-linux-x64.node", "@img/sharp-libvips-linux-x64/lib/libvips-cpp.so.8.17", false},
		{"x/prebuilds/linux-x64/node.napi.node", "x/prebuilds/darwin-arm64/node.napi.node", true},
		{"x/prebuilds/linux-x64/node.napi.musl.node", "x/prebuilds/linux-x64/node.napi.node", true},
		{"bcrypt/prebuilds/linux-x64/bcrypt.glibc.node", "bcrypt/prebuilds/darwin-arm64/bcrypt.node", true},
		{"argon2/prebuilds/linux-arm64/argon2.armv8.glibc.node", "argon2/prebuilds/win32-x64/argon2.glibc.node", true},
		{"@x/y-linux-x64-gnu/y.linux-x64-gnu.node", "@x/y-linux-arm64-musl/y.linux-arm64-musl.node", true},
		{"@x/y-linux-x64-gnu/y.linux-x64-gnu.node", "@x/y-win32-x64-msvc/y.win32-x64-msvc.node", true},
		{"a/build/Release/a.node", "b/build/Release/b.node", false},
		{"a/bin/x86_64/tool", "a/bin/aarch64/tool", true},
	} {
		a, b := manifest.FamilyOf("node_modules/"+c.a), manifest.FamilyOf("node_modules/"+c.b)
		if (a == b) != c.same {
			t.Errorf("%s is %s\n%s is %s", c.a, a, c.b, b)
		}
	}
}

func TestArchitecture(t *testing.T) {
	type binaries [][3]string // package path, format, machine ("+musl")
	for _, c := range []struct {
		name  string
		files binaries
		want  manifest.Architecture // empty: refused
		words []string
	}{
		{"none", nil, manifest.ARM64, nil},
		{"only x86-64", binaries{{"a/a.node", "elf", "x86_64"}}, manifest.X8664, nil},
		{"both", binaries{{"@i/s-linux-x64/s.node", "elf", "x86_64"}, {"@i/s-linux-arm64/s.node", "elf", "arm64"}}, manifest.ARM64, nil},
		{"unused foreign ones", binaries{
			{"a/prebuilds/darwin-arm64/a.node", "macho", "arm64"}, {"a/prebuilds/linux-arm64/a.node", "elf", "arm64"},
			{"a/prebuilds/linux-x64/a.node", "elf", "x86_64"}, {"a/prebuilds/win32-x64/a.node", "pe", "x86_64"},
		}, manifest.ARM64, nil},
		{"musl beside glibc", binaries{{"@i/s-linux-x64/s.node", "elf", "x86_64"}, {"@i/s-linuxmusl-x64/s.node", "elf", "x86_64+musl"}}, manifest.X8664, nil},
		{"fsevents", binaries{{"fsevents/fsevents.node", "macho", "universal"}}, manifest.ARM64, nil},
		{"only a Mac's", binaries{{"a/a.node", "macho", "arm64"}}, "", []string{"a has no binary for Lambda", "macOS", "--os=linux"}},
		{"only musl", binaries{{"a/a.node", "elf", "arm64+musl"}}, "", []string{"musl", "--libc=glibc"}},
		{"another machine", binaries{{"a/a.node", "elf", "riscv"}}, "", []string{"Linux on riscv"}},
		{"torn", binaries{{"a/a.node", "elf", "x86_64"}, {"b/b.node", "elf", "arm64"}}, "", []string{"other architecture"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := recorded(t, "shop")
			o := &b.Outputs.AppRoutes[0]
			for _, f := range c.files {
				native(b, o, f[0], f[1], f[2])
				last := &b.Files[len(b.Files)-1]
				if m := last.Binary.Machine; len(m) > 5 && m[len(m)-5:] == "+musl" {
					last.Binary.Machine, last.Binary.Musl = m[:len(m)-5], true
				}
			}
			p, err := manifest.NewPlan(b, manifest.Settings{})
			if c.want == "" {
				userError(t, err, c.words...)
				return
			}
			must(t, err)
			if f := function(t, p, "api-hello"); f.Architecture != c.want {
				t.Errorf("got %s, want %s", f.Architecture, c.want)
			}
		})
	}
}
