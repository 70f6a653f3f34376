package local_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"pack/lambda/local"
)

// runVictim is a program that runs functions, and their children, until it is killed.
func runVictim() {
	s := local.New(local.Options{FreezeAfter: time.Millisecond})
	f := function("f")
	f.Env[markerVar] = os.Getenv(markerVar)
	if err := s.Add(f); err != nil {
		panic(err)
	}
	go func() { _, _ = io.Copy(io.Discard, os.Stdin); os.Exit(9) }() // the test is gone
	fmt.Println("up")
	for i := 0; ; i++ {
		for range 3 {
			go func() { _, _ = s.Invoke(context.Background(), "f", []byte(`{"Do":"child"}`)) }()
		}
		if i == 0 {
			st, err := s.Invoke(context.Background(), "f", []byte(`{"Do":"child"}`))
			if err != nil {
				panic(err)
			}
			_, _ = io.Copy(io.Discard, st)
			fmt.Println("invoked")
		}
		time.Sleep(50 * time.Millisecond)
		if i == 3 {
			select {}
		}
	}
}
