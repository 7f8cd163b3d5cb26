// Command hello is what a test builds.
package main

import "fmt"

func main() { fmt.Println("hello") }
