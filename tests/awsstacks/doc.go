// Package awsstacks stands before moto and answers, in the shapes that AWS's API
// reference gives, what moto lacks or fakes: the states of a CloudFormation stack, its
// events, change sets, rollbacks and outputs, aliases of functions in templates,
// deleted versions, and CloudFront. What a template makes besides is made by moto's
// CloudFormation, and everything else is moto's own answer. It is for tests alone.
package awsstacks
