// Package manifest holds what pack knows about an app before it runs: the
// Build that the adapter captured from one `next build`, the owner's settings,
// and the Deployment planned from both.
//
// Three words are kept apart: a Route is a routing rule, an Output is what
// Next.js built, a Function is the Lambda function made from one or more
// outputs.
package manifest
