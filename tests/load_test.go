package tests_test

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

// TestLoad: no wrong answer and no 5xx but the deliberate ones, whatever comes
// at the same time.
func TestLoad(t *testing.T) {
	s := sharedPack(t)
	const clients = 200
	duration := 30 * time.Second
	if testing.Short() {
		duration = 10 * time.Second
	}
	var kinds []visit
	for _, v := range visits() {
		kinds = append(kinds, slices.Repeat([]visit{v}, v.weight)...)
	}
	client := visitor(clients)
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	counts, wrong := make(map[string]int), make(map[string]int)
	end := time.Now().Add(duration)
	var all sync.WaitGroup
	for c := range int64(clients) {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(c), 1))
			for i := int64(0); time.Now().Before(end); i++ {
				kind := kinds[random.IntN(len(kinds))]
				complaint := kind.once(client, s.url, c*1_000_000+i)
				mu.Lock()
				counts[kind.name]++
				if complaint != "" {
					wrong[kind.name+": "+complaint]++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	total := 0
	for _, count := range counts {
		total += count
	}
	for complaint, times := range wrong {
		t.Errorf("%d times: %s", times, complaint)
	}
	t.Logf("%d answers in %s: %v", total, duration, counts)
	for _, v := range visits() {
		if counts[v.name] == 0 {
			t.Errorf("%s was never asked for", v.name)
		}
	}
}
