// Package template turns a Deployment into what AWS has to make of it: a
// CloudFormation template, nested where one is too small, and the same
// resources as Terraform JSON. It is pure: the same input gives the same bytes.
//
// docs/architecture-on-aws.md explains each resource.
package template
