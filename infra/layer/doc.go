// Package layer makes the runtime that functions share: pack's own program,
// compiled for the machine that it runs on, and the JavaScript beside it. On
// AWS that is a Lambda layer; pack serve runs the same program from a folder.
//
// A pack that is built from source compiles the program when it is first
// needed, and keeps it in the user's cache folder until a source file changes.
// A released pack carries it: see prebuilt_release.go.
package layer
