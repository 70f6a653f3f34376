// Package objects fills and empties the buckets of a deployment: what is missing is
// uploaded, several objects at a time, and what nobody uses is deleted. Every request
// names the account that the bucket must belong to, so that a bucket of the same
// name that is somebody else's gets and gives nothing.
package objects
