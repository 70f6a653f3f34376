package buildkey_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"pack/infra/awsjson"
	"pack/infra/buildkey"
	"pack/manifest"
	"pack/tests/awsservers"
)

func TestMain(m *testing.M) { os.Exit(awsservers.Run(m)) }

func TestKeepers(t *testing.T) {
	moto := awsservers.Moto(t)
	parameters := awsjson.NewParameters(moto.Config)
	for name, fresh := range map[string]func() buildkey.Keeper{
		"folder": func() buildkey.Keeper { return buildkey.Folder{Dir: filepath.Join(t.TempDir(), ".pack")} },
		"parameter": func() buildkey.Keeper {
			return buildkey.Parameter{Parameters: parameters, Name: buildkey.ParameterName(awsservers.NewName())}
		},
	} {
		t.Run(name, func(t *testing.T) {
			k, ctx := fresh(), context.Background()
			if _, err := k.Load(ctx); !errors.Is(err, buildkey.ErrNone) {
				t.Fatalf("nothing is kept, and Load says %v", err)
			}
			// Of several that make a key at the same time, all use the same.
			saved := make([]manifest.BuildKey, 4)
			var wait sync.WaitGroup
			for i := range saved {
				wait.Go(func() {
					var err error
					if saved[i], err = k.Save(ctx, manifest.NewBuildKey()); err != nil {
						t.Error(err)
					}
				})
			}
			wait.Wait()
			kept, err := k.Load(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range saved {
				if s != kept {
					t.Errorf("one has %s, and kept is %s", s, kept)
				}
			}
		})
	}
}

func TestFind(t *testing.T) {
	t.Setenv(manifest.BuildKeyVariable, "")
	ctx := context.Background()
	account, here, elsewhere := buildkey.Folder{Dir: t.TempDir()}, buildkey.Folder{Dir: t.TempDir()}, buildkey.Folder{Dir: t.TempDir()}
	find := func(keepers ...buildkey.Keeper) manifest.BuildKey {
		t.Helper()
		key, err := buildkey.Find(ctx, keepers...)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	first := find(nil, here)
	if find(nil, here) != first {
		t.Error("the next build has another key")
	}
	// The first deployment takes the machine's key, and other machines take it from
	// the account.
	if find(account, here) != first || find(account, elsewhere) != first || find(account) != first {
		t.Error("a machine does not build with the account's key")
	}
	unseen := buildkey.Folder{Dir: t.TempDir()}
	if find(buildkey.Reading{Keeper: unseen}, here) != first {
		t.Error("who only looks builds with another key")
	}
	if _, err := unseen.Load(ctx); !errors.Is(err, buildkey.ErrNone) {
		t.Errorf("who only looks has left a key: %v", err)
	}
	own := manifest.NewBuildKey()
	t.Setenv(manifest.BuildKeyVariable, own.String())
	if find(account, here) != own {
		t.Error("the environment's key is not taken")
	}
	t.Setenv(manifest.BuildKeyVariable, "secret")
	var u *manifest.UserError
	if _, err := buildkey.Find(ctx, here); !errors.As(err, &u) || u.Where == "" {
		t.Errorf("a key that is none: %v", err)
	}
}

func TestFolderIsPrivate(t *testing.T) {
	f := buildkey.Folder{Dir: t.TempDir()}
	if _, err := f.Save(context.Background(), manifest.NewBuildKey()); err != nil {
		t.Fatal(err)
	}
	names, err := os.ReadDir(f.Dir)
	if err != nil || len(names) != 1 {
		t.Fatalf("the folder has %v, %v", names, err)
	}
	if st, _ := names[0].Info(); st.Mode().Perm() != 0o600 {
		t.Errorf("the key's file has mode %v", st.Mode())
	}
}
