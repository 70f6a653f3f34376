// Package account is the way into an AWS account: credentials and region by the
// SDK's default chain, and AWS's refusals in words that say what to do.
package account
