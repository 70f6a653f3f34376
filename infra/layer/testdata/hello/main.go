// Command hello is compiled by TestOwnSource.
package main

import "fmt"

func main() { fmt.Println("hello") }
