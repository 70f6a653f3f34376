// Package deploy puts a packed deployment on AWS and says which one visitors get.
//
// A deploy uploads what is missing, changes the stacks, and publishes versions of
// all functions; the alias that visitors come by stays where it is. Only when all of
// that is there is the release written down and taken into production (package
// release). Ended anywhere before, it has changed nothing that a visitor sees, and
// the next one goes on: what is there is found, by its content.
package deploy
