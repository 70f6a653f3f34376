// Package release keeps account of what was released, in the state bucket, and
// says which release is in production: first by a conditional write of the
// manifest.Traffic document, which is the truth, then by the aliases of gateway
// and worker, which follow it. No stack is changed for that, and nothing built.
package release
