package images

import "testing"

// FuzzGlob: whatever the app's configuration holds, a pattern is compiled or
// matches nothing, and never stops the program.
func FuzzGlob(f *testing.F) {
	for _, glob := range globs {
		f.Add(glob, "/assets/a.png")
	}
	f.Fuzz(func(t *testing.T, glob, name string) {
		if len(glob) > 60 || len(name) > 60 {
			return
		}
		matches(compileGlob(glob, true), name)
		matches(compileGlob(glob, false), name)
	})
}

// globs are patterns that apps write, and each part of the grammar.
var globs = []string{
	"**", "*", "/**", "/*", "/assets/**", "/assets/*", "/assets/**/*.png", "/assets/*.png", "/a/**/b/**", "**/*.png", "/**/x",
	"*.example.com", "**.example.com", "*.*.example.com", "img-?.example.com", "img[0-9].example.com", "{a,b}.example.com",
	"example.com", "example.*", "cdn{1..3}.example.com", "@(a|b).example.com", "+(a|b).example.com", "?(a.)example.com",
	"*(a|b).example.com", "!(a|b).example.com", "/!(private)/**", "/assets/!(*.svg)", "!/private/**", "!*.example.com",
	"/a\\*b", "/a+b", "/(a|b)/*", "/[slug]/*", "/[abc]/*", "/[!abc]/*", "/a.png", "/{a,b/**}/c", "/a/***", "/a**", "/a/b*",
	"/account123/**", "/a$b^c", "/{x}/y", "/[", "/(", "/*.{png,jpg}", "./a/*", "/a//b", "/.hidden/*", "/**/*.*", "a.b-c.example.com", "*.com",
}

// names are what the patterns are held against.
var names = []string{
	"/", "/assets", "/assets/", "/assets/a.png", "/assets/b/c/d.png", "/assets/.x.png", "/a/b", "/a/c/b/d", "/a/b/", "/x", "/y/x", "/a.png",
	"/private/a", "/private", "/public/a/b", "/assets/a.svg", "/a*b", "/a+b", "/aab", "/b/c", "/[slug]/x", "/s/x", "/d/x", "/a/x", "/abc",
	"/account123", "/account123/", "/account123/x/y", "/account1234", "/a$b^c", "/{x}/y", "/[", "/(", "/p.jpg", "/p.gif", "/a//b", "/.hidden/x", "/b/x/c", "/a/c",
	"example.com", "a.example.com", "b.example.com", "c.example.com", "a.b.example.com", "img-1.example.com", "img1.example.com", "imgx.example.com",
	"cdn2.example.com", "cdn4.example.com", "ab.example.com", "aba.example.com", "example.org", "evil.com", "a.b-c.example.com", ".example.com", "x.com", "a.x.com",
	"evilexample.com", "example.com.evil.com", "127.0.0.1", "[::1]", "",
}
