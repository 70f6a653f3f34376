package images_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestSettings compares an app that sets everything.
func TestSettings(t *testing.T) {
	other := upstreamServer(t, built(t))
	where, err := url.Parse(other)
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]any{
		"formats":     []string{"image/avif", "image/webp"},
		"qualities":   []int{1, 30, 75, 100},
		"deviceSizes": []int{100, 600},
		"imageSizes":  []int{16, 50},
		"localPatterns": []map[string]any{
			{"pathname": "/made/**", "search": ""}, {"pathname": "/upstream"}, {"pathname": "/one/*"},
		},
		"remotePatterns": []map[string]any{
			{"protocol": "http", "hostname": "127.0.0.1", "port": where.Port(), "pathname": "/open/**"},
			{"hostname": "**.example.test", "search": "?v=1"},
			{"protocol": "https", "hostname": "localhost"},
		},
		"domains":                 []string{"old.test"},
		"dangerouslyAllowSVG":     true,
		"dangerouslyAllowLocalIP": true,
		"contentDispositionType":  "inline",
		"contentSecurityPolicy":   "default-src 'self'; sandbox;",
		"minimumCacheTTL":         60,
		"maximumRedirects":        1,
		"maximumResponseBody":     250_000,
	}
	const tail = "&w=100&q=75"
	visits := []visit{
		get(of("/made/photo.jpg", "&w=256&q=75")), get(of("/made/photo.jpg", "&w=16&q=75")), get(of("/made/photo.jpg", "&w=100&q=50")),
		get(of("/other/photo.jpg", tail)), get(of("/made/photo.jpg?v=1", tail)), get(of("/one/a/b.png", tail)), get(of("/one/a.png", tail)),
		get(of("/made/../secret.png", tail)), get(of("/made/%2e%2e/secret.png", tail)), get(of("/made/..%2fsecret.png", tail)),
		get(of("http://old.test.evil/a.png", tail)), get(of("https://example.test/a.png", tail)), get(of("http://localhost/a.png", tail)),
		get(of("http://127.0.0.1:1/open/a.png", tail)), get(of(other+"/closed/a.png", tail)), get(of(strings.Replace(other, "http:", "https:", 1)+"/open/small.png", tail)),
		get(of("HTTP://2130706433:"+where.Port()+"/open/small.png", tail)), get(of("http://0x7f.1:"+where.Port()+"/open/../open/small.png", tail)),
		get(of("http://127.0.0.1:"+where.Port()+`\open\small.png`, tail)), get(of(" "+other+"/open/small.png ", tail)),
		get(of("http://user:pass@127.0.0.1:"+where.Port()+"/open/small.png", tail)), get(of(other+"/open/small.png#a", tail)), get(of(other+"/open/|^.png", tail)),
		get(of("http://", tail)), get(of("http:/"+other[6:]+"/open/small.png", tail)), get(of("https://exa mple.test/a.png", tail)),
		getAs(older, of(other+"/open/photo.jpg", tail)), getAs(browser, of(other+"/open/photo.jpg", "&w=600&q=75")), getAs(browser, of(other+"/open/alpha.png", tail)),
		get(of(other+"/open/small.png?Cache-Control=max-age%3D900", tail)), get(of(other+"/open/small.png?Cache-Control=max-age%3D5", tail)),
		get(of(other+`/open/small.png?Cache-Control=public, S-MaxAge="700", max-age=900`, tail)), get(of(other+"/open/small.png?Cache-Control=no-store", tail)),
		get(of(other+`/open/mark.svg?ETag="abc"`, tail)), get(of(other+`/open/mark.svg?ETag=W/"abc"`, tail)), get(of(other+"/open/mark.svg", tail)),
		get(of(other+"/open/photo.jpg?Content-Type=text/html", tail)), get(of(other+"/open/notes.txt?Content-Type=image/png", tail)),
		get(of(other+"/open/status/404", tail)), get(of(other+"/open/status/403", tail)), get(of(other+"/open/status/500", tail)), get(of(other+"/open/status/304", tail)),
		get(of(other+"/open/status/204", tail)), get(of(other+"/open/status/503", tail)), get(of(other+"/open/nowhere", tail)), get(of(other+"/open/empty", tail)),
		get(of(other+"/open/hop/1", tail)), get(of(other+"/open/hop/2", tail)), get(of(other+"/open/to?url=ftp://example.test/", tail)), get(of(other+"/open/to?url=http://[", tail)),
		get(of(other+"/open/to?url=small.png", tail)), get(of(other+"/open/long", tail)), get(of(other+"/open/slow-body", tail)),
		get(of(other+"/open/reset", tail)), get(of(other+"/open/coded/gzip", tail)), get(of(other+"/open/coded/deflate", tail)), get(of(other+"/open/coded/odd", tail)),
		get(of(other+"/open/coded/a,b,c,d,e,f", tail)), get(of("http://127.0.0.1:"+freePort(t)+"/", tail)),
		get(of("/made/photo.tiff", tail)), get(of("/made/mark.svg", tail)), get(of("/made/declared.svg", tail)), get(of("/made/commented.svg", tail)),
		get(of("/upstream?file=small.png&cache-control=max-age%3D77", tail)), get(of("/upstream?file=mark.svg&etag=%22abc%22", tail)), get(of("/upstream?status=404", tail)),
		get(of("/upstream?status=302&location=/made/small.png", tail)), get(of("/upstream?status=500", tail)), get(of("/upstream?status=503&file=small.png", tail)),
		get(of("/made/photo.jpg", "&w=600&q=1")), get(of("/made/photo.jpg", "&w=600&q=30")), get(of("/made/photo.jpg", "&w=600&q=100")),
		getAs(older, of("/made/photo.jpg", "&w=600&q=30")), getAs(older, of("/made/photo.jpg", "&w=600&q=100")), getAs(older, of("/made/palette.png", "&w=600&q=1")),
		getAs(browser, of("/made/photo.jpg", "&w=600&q=30")), getAs(browser, of("/made/photo.jpg", "&w=600&q=100")), getAs(browser, of("/made/wide-gamut.jpg", "&w=600&q=75")),
		{of("/made/small.png", tail), http.MethodOptions, http.Header{}},
	}
	for _, accept := range accepts {
		if !strings.Contains(accept, "foo=1") && !strings.Contains(accept, "x,y") {
			visits = append(visits, getAs(accept, of("/made/small.png", tail)))
		}
	}
	compare(t, settings, visits)
}

// TestGuarded compares an app that allows every host, as far as that goes
// without leaving this machine.
func TestGuarded(t *testing.T) {
	other := upstreamServer(t, built(t))
	port := other[strings.LastIndex(other, ":"):]
	settings := map[string]any{"remotePatterns": []map[string]any{{"hostname": "**"}}, "contentDispositionType": "inline"}
	var visits []visit
	for _, host := range []string{
		"127.0.0.1" + port, "localhost" + port, "[::1]" + port, "[::ffff:127.0.0.1]" + port, "2130706433" + port, "0x7f000001" + port, "0177.0.0.1" + port, "127.1" + port,
		"0.0.0.0" + port, "[::]" + port, "169.254.169.254", "[fd00:ec2::254]", "10.0.0.1", "192.168.0.1", "172.16.0.1", "100.64.0.1", "[fe80::1]", "224.0.0.1", "255.255.255.255",
		"[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "198.18.0.1", "user@127.0.0.1" + port, "127。0。0。1" + port,
	} {
		visits = append(visits, get(of("http://"+host+"/open/small.png", "&w=64&q=75")))
	}
	compare(t, settings, visits)
}
