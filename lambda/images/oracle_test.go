package images_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"pack/lambda/images"
)

// question is what tests/images/oracle.js reads, answers what it writes.
type question struct {
	Globs     []string   `json:"globs"`
	Names     []string   `json:"names"`
	Accepts   []string   `json:"accepts"`
	Formats   [][]string `json:"formats"`
	Addresses []string   `json:"addresses"`
}

type answers struct {
	Globs     [][][]bool `json:"globs"`
	Accepts   [][]string `json:"accepts"`
	Addresses []bool     `json:"addresses"`
}

func ask(t *testing.T, q question) answers {
	t.Helper()
	input, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("node", "oracle.js")
	command.Dir = installed(t)
	command.Stdin = bytes.NewReader(input)
	output, err := command.Output()
	if err != nil {
		t.Fatalf("ask Next's libraries: %v", err)
	}
	var a answers
	if err := json.Unmarshal(output, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

var accepts = []string{
	"", "*/*", "image/*", "image/webp", "image/avif", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
	"image/webp,*/*", "image/webp;q=0.1,image/avif;q=0.9", "image/webp;q=0.9,image/avif;q=0.1", "image/webp;q=0", "image/webp;q=0,*/*",
	"image/avif;q=0,image/webp", "image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5", "text/html,image/webp", "IMAGE/WEBP",
	"image/webp;foo", "image/webp;foo=1", "image/webp;q", "image/webp;q=x", "image/webp;q=2", "image/webp;q=0.0001", "image/webp; q=0.5 , image/avif",
	"image/webp;a=\"x,y\"", ",,image/webp", "image", "image/", "/webp", "*", "*/webp", "image/webpx", "image/*,image/webp;q=0.2", "image/jpeg", "image/avif;q=0.5;x=1,image/webp;q=0.5",
}

func TestAgainstNextsLibraries(t *testing.T) {
	q := question{
		Globs: images.Globs, Names: images.Names, Accepts: accepts,
		Formats: [][]string{{"image/webp"}, {"image/avif"}, {"image/avif", "image/webp"}, {"image/webp", "image/avif"}},
		Addresses: []string{
			"127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "192.168.1.1", "172.15.0.1", "172.16.0.1", "172.32.0.1", "0.0.0.0", "255.255.255.255",
			"8.8.8.8", "1.1.1.1", "198.18.0.1", "203.0.113.9", "224.0.0.1", "240.0.0.1", "::1", "::", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1",
			"2002:7f00:1::", "fe80::1", "fec0::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "2606:4700:4700::1111", "2a00:1450:4001:82a::200e", "2001::1", "100::1",
		},
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var four [4]byte
		for i := range four {
			four[i] = byte(random.UintN(256))
		}
		q.Addresses = append(q.Addresses, netip.AddrFrom4(four).String())
	}
	a := ask(t, q)
	for i, glob := range q.Globs {
		for d, dot := range []bool{true, false} {
			for n, name := range q.Names {
				if got, want := images.MatchGlob(glob, name, dot), a.Globs[i][d][n]; got != want {
					t.Errorf("%q dot=%v %q: %v, picomatch says %v", glob, dot, name, got, want)
				}
			}
		}
	}
	for i, header := range q.Accepts {
		for f, formats := range q.Formats {
			got, err := images.ParseAccept(header, formats)
			if err != nil {
				got = "error"
			}
			// Next takes the parameters along, and then sends the original as
			// WebP; here the type alone counts.
			want, _, _ := strings.Cut(a.Accepts[i][f], ";")
			if got != want {
				t.Errorf("Accept %q, %v: %q, @hapi/accept says %q", header, formats, got, want)
			}
		}
	}
	// Refusing more than Next does is allowed, less isn't; the public
	// addresses that matter are in the list above.
	for i, address := range q.Addresses {
		if private := a.Addresses[i]; private && images.Public(address) || !private && !images.Public(address) && i < 31 && address != "fec0::1" {
			t.Errorf("%s: public %v, ipaddr.js says private %v", address, images.Public(address), private)
		}
	}
}
