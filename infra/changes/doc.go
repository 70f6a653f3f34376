// Package changes says what would become of a stack: what the template that was
// applied last and the next one differ in, in the words of the app's owner. It is
// pure, and asks CloudFormation nothing: a change set would have to be made for
// that, and the templates uploaded, by someone who may only look.
package changes
