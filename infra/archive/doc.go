// Package archive makes the zip files that Lambda functions and layers run
// from, and lays their contents out on disk for running them here.
//
// The same contents give the same bytes: names are sorted, times are
// 1980-01-01, modes are 0644 and 0755, and symbolic links stay links. Every
// unique file is compressed once, into a Pool, and copied as it is into each
// archive that holds it, so that the work grows with unique bytes and not with
// the number of archives.
package archive
