package capture_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pack/manifest/capture"
)

var dotEnvCases = []struct {
	name    string
	files   map[string]string
	process map[string]string
	want    map[string]string
}{
	{
		name: "the strongest file wins",
		files: map[string]string{
			".env": "A=1\nB=1\nC=1\nD=1\n", ".env.production": "A=2\nB=2\nC=2\n",
			".env.local": "A=3\nB=3\n", ".env.production.local": "A=4\n", ".env.development": "E=5\n",
		},
		want: map[string]string{"A": "4", "B": "3", "C": "2", "D": "1"},
	},
	{
		name:    "the process wins over all",
		files:   map[string]string{".env": "A=file\nB=$A\n"},
		process: map[string]string{"A": "process"},
		want:    map[string]string{"A": "process", "B": "process"},
	},
	{
		name: "quotes, comments and lines",
		files: map[string]string{".env": "A='one # two'\nB=\"a\\nb\" # c\nC=plain # c\nexport D = spaced  \nE=\nF: yaml\nG=\"two\nlines\"\n" +
			"H=`back'tick\"`\n#I=1\nJ='it\\'s'\nK=a=b\nL=\"\"\nM='\\n'\n  N=1\r\nO=\"a\"b\n1P=x\nQ.R-S=x\n"},
		want: map[string]string{
			"A": "one # two", "B": "a\nb", "C": "plain", "D": "spaced", "E": "", "F": "yaml", "G": "two\nlines",
			"H": "back'tick\"", "J": "it\\'s", "K": "a=b", "L": "", "M": "\\n", "N": "1", "O": "\"a\"b", "1P": "x", "Q.R-S": "x",
		},
	},
	{
		name: "references",
		files: map[string]string{".env": "A=1\nB=$A\nC=${A}2\nD=${NONE:-three}\nE=\\$A\nF=$NONE\nG=a$\nH=$I\nI=later\nJ='$A'\nK=${A:-x}\nL=$A$A-${C}\n",
			".env.local": "M=$A\nA=local\n"},
		want: map[string]string{
			"A": "local", "B": "local", "C": "local2", "D": "three", "E": "$A", "F": "", "G": "a$", "H": "later",
			"I": "later", "J": "local", "K": "local", "L": "locallocal-local2", "M": "local",
		},
	},
}

func TestDotEnv(t *testing.T) {
	for _, c := range dotEnvCases {
		t.Run(c.name, func(t *testing.T) {
			dir := writeFiles(t, c.files)
			for name, value := range c.process {
				t.Setenv(name, value)
			}
			got, err := capture.DotEnv(dir)
			must(t, err)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestDotEnvLikeNext holds the cases against @next/env itself.
func TestDotEnvLikeNext(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: needs npm")
	}
	modules, err := shopModules()
	must(t, err)
	const script = `const names = JSON.parse(process.argv[3])
require(process.argv[1] + '/@next/env').loadEnvConfig(process.argv[2], false, { info() {}, error: console.error })
console.log(JSON.stringify(Object.fromEntries(names.map((n) => [n, process.env[n]]))))`
	for _, c := range dotEnvCases {
		t.Run(c.name, func(t *testing.T) {
			dir := writeFiles(t, c.files)
			var names []string
			for name := range c.want {
				names = append(names, name)
			}
			list, err := json.Marshal(names)
			must(t, err)
			cmd := exec.Command("node", "-e", script, filepath.Clean(modules), dir, string(list))
			cmd.Env = []string{"PATH=" + t.TempDir()}
			if node, err := exec.LookPath("node"); err == nil {
				cmd.Path, cmd.Err = node, nil
			}
			for name, value := range c.process {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			var got map[string]string
			must(t, json.Unmarshal(out, &got))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("@next/env differs from what is expected of DotEnv:\n%s", diff)
			}
		})
	}
}
