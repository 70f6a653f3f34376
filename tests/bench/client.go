package main

import "net/http"

// client asks for answers as they are: next start and OpenNext would compress them for
// Go's usual one, and a CDN does that for pack.
var client = &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4}}
