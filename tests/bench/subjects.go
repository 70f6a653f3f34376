package main

// The subjects. One name is one thing in every part.
const (
	subjectNext     = "next start"
	subjectPack     = "pack"
	subjectPackBoth = "pack, gateway and function"
	subjectPackOnly = "pack, function alone"
	subjectCompiled = "pack, code kept"
	subjectHandler  = "pack, gateway's handler"
	subjectRecorded = "Go's HTTP server, one recorded answer"
	subjectDirect   = "Node, asked directly"
	subjectOpenNext = "OpenNext"
	subjectNginx    = "nginx"
	subjectBareGo   = "bare Go function"
	subjectBareNode = "bare Node function"
)

// measureFirstByte is the time until an answer begins.
const measureFirstByte = "first byte"

// route is a page or handler of the shop that is measured.
type route struct {
	name, path string
	// pathname is its output, where a function answers it.
	pathname string
	// cached: the gateway answers it from the page store.
	cached bool
}

// routes are one of each kind.
var routes = []route{
	{name: "ISR hit", path: "/categories/cups", cached: true},
	{name: "prerendered page", path: "/shipping", cached: true},
	{name: "route handler", path: "/api/products", pathname: "/api/products"},
	{name: "dynamic app page", path: "/cart", pathname: "/cart"},
	{name: "pages-router page", path: "/track", pathname: "/track"},
}
