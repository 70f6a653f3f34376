// Package stack applies a template to a CloudFormation stack by a change set, from
// whatever state an earlier attempt has left the stack in, and tells what happens.
package stack
