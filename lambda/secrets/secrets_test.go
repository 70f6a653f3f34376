package secrets_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"pack/lambda/secrets"
	"pack/lambda/signature"
	"pack/manifest"
	"pack/tests/awsservers"
)

func TestMain(m *testing.M) { os.Exit(awsservers.Run(m)) }

var environment = map[string]string{
	"AWS_ACCESS_KEY_ID": awsservers.AccessKey, "AWS_SECRET_ACCESS_KEY": awsservers.SecretKey, "AWS_REGION": awsservers.Region,
}

// way stands before moto, notes what is asked, and fails where it is told to.
type way struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
	fail  int
}

func newWay(t *testing.T) *way {
	target, err := url.Parse(awsservers.Moto(t).Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	w := &way{}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		w.asked = append(w.asked, operation)
		fails := w.fail > 0
		w.fail--
		w.mu.Unlock()
		if fails {
			rw.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(rw, `{"__type":"com.amazonaws.ssm#ThrottlingException","message":"Rate exceeded"}`)
			return
		}
		proxy.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *way) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	asked := w.asked
	w.asked = nil
	return asked
}

// keep puts something into one of the stores.
func (w *way) keep(t *testing.T, service, operation string, input map[string]any) {
	t.Helper()
	body, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL+"/", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", operation)
	if err := signature.Sign(t.Context(), r, body, service, awsservers.Region, signature.FromEnvironment(func(name string) string { return environment[name] })); err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if answer, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", operation, answer)
	}
}

func open(t *testing.T, w *way, named map[string]manifest.StoredSecret) *secrets.Source {
	t.Helper()
	text, err := json.Marshal(named)
	if err != nil {
		t.Fatal(err)
	}
	s, err := secrets.FromEnvironment(func(name string) string {
		switch name {
		case "PACK_SECRETS":
			return string(text)
		case "AWS_ENDPOINT_URL":
			return w.URL
		}
		return environment[name]
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSecrets: variables get what is kept in both stores, decrypted, by as few
// requests as there can be, once.
func TestSecrets(t *testing.T) {
	w := newWay(t)
	named := map[string]manifest.StoredSecret{}
	for i := range 12 {
		name := fmt.Sprintf("/shop/production/p%d", i)
		w.keep(t, "ssm", "AmazonSSM.PutParameter", map[string]any{"Name": name, "Value": fmt.Sprintf("v%d \"'=\n", i), "Type": "SecureString"})
		named[fmt.Sprintf("P%d", i)] = manifest.StoredSecret{Parameter: name}
	}
	w.keep(t, "secretsmanager", "secretsmanager.CreateSecret", map[string]any{"Name": "shop/key", "SecretString": "of glass"})
	w.keep(t, "secretsmanager", "secretsmanager.CreateSecret", map[string]any{"Name": "shop/text", "SecretBinary": []byte("bytes")})
	named["KEY"], named["SAME"] = manifest.StoredSecret{Secret: "shop/key"}, manifest.StoredSecret{Secret: "shop/key"}
	named["BYTES"] = manifest.StoredSecret{Secret: "shop/text"}
	w.take()
	s := open(t, w, named)
	if len(w.take()) != 0 || !s.Has("NONE", "P3") || s.Has("NONE") {
		t.Error("asked before it was needed")
	}
	values, err := s.Get(t.Context())
	if err != nil || len(values) != len(named) || values["P11"] != "v11 \"'=\n" || values["KEY"] != "of glass" || values["SAME"] != "of glass" || values["BYTES"] != "bytes" {
		t.Errorf("%v %q", err, values)
	}
	pairs, err := s.Environ(t.Context())
	if err != nil || len(pairs) != len(named) || pairs[0] != "BYTES=bytes" {
		t.Errorf("%v %q", err, pairs)
	}
	if asked := strings.Join(w.take(), " "); strings.Count(asked, "GetParameters") != 2 || strings.Count(asked, "GetSecretValue") != 2 {
		t.Errorf("asked %s", asked)
	}
	w.fail = 6
	if _, err := open(t, w, map[string]manifest.StoredSecret{"P0": named["P0"]}).Get(t.Context()); err != nil {
		t.Errorf("throttled: %v", err)
	}
	var none *secrets.Source
	if values, err := none.Get(t.Context()); err != nil || values != nil || none.Has("P0") {
		t.Error("none is something")
	}
}

// TestMissing: the error names each variable and where its value should be, and
// no value.
func TestMissing(t *testing.T) {
	w := newWay(t)
	w.keep(t, "ssm", "AmazonSSM.PutParameter", map[string]any{"Name": "/missing/there", "Value": "hidden", "Type": "SecureString"})
	w.keep(t, "secretsmanager", "secretsmanager.CreateSecret", map[string]any{"Name": "missing/binary", "SecretBinary": []byte{0xff, 0xfe}})
	w.keep(t, "secretsmanager", "secretsmanager.CreateSecret", map[string]any{"Name": "missing/zero", "SecretString": "hidden\x00hidden"})
	_, err := open(t, w, map[string]manifest.StoredSecret{
		"THERE": {Parameter: "/missing/there"}, "DATABASE_URL": {Parameter: "/missing/database"},
		"KEY": {Secret: "missing/key"}, "BINARY": {Secret: "missing/binary"}, "ZERO": {Secret: "missing/zero"},
	}).Get(t.Context())
	if err == nil {
		t.Fatal("nothing is missing")
	}
	for _, want := range []string{
		"variable DATABASE_URL, parameter /missing/database of the SSM Parameter Store in us-east-1: it is not there",
		"variable KEY, secret missing/key of Secrets Manager in us-east-1: ResourceNotFoundException",
		"variable BINARY, secret missing/binary", "variable ZERO, secret missing/zero",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said in %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "hidden") || strings.Contains(err.Error(), "THERE") {
		t.Errorf("too much is said: %v", err)
	}
}
