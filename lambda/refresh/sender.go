package refresh

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"pack/lambda/queue"
)

// Message is the body of a refresh message.
type Message struct {
	Refresh *Page `json:"refresh"`
}

// Sender queues pages to be refreshed: one message per page and generation,
// however many readers find it stale. Its methods may be called by any number
// of goroutines.
type Sender struct {
	// Queue is a FIFO queue.
	Queue queue.Queue

	mu   sync.Mutex
	sent map[string]time.Time
}

// remembered is how many sent messages an instance remembers.
const remembered = 4096

// Send queues a page. It sends nothing where this instance has sent the same
// generation of it within the queue's deduplication window; other instances'
// messages are recognised by the queue.
func (s *Sender) Send(ctx context.Context, p Page) error {
	id := digest(p.Deployment, p.Key, strconv.FormatInt(p.Created, 10))
	if p.Key == "" {
		id = rand.Text()
	}
	now := time.Now()
	if !s.first(id, now) {
		return nil
	}
	body, err := json.Marshal(Message{Refresh: &p})
	if err == nil {
		err = s.Queue.Send(ctx, queue.Message{Body: string(body), Group: digest(p.Deployment, p.Key, p.Path), Deduplication: id})
	}
	if err != nil {
		s.mu.Lock()
		delete(s.sent, id)
		s.mu.Unlock()
		return fmt.Errorf("queue refresh of %s: %w", p.Path, err)
	}
	return nil
}

// first notes that a message is sent now, and reports whether it was not yet.
func (s *Sender) first(id string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, ok := s.sent[id]; ok && now.Sub(at) < queue.DeduplicationWindow {
		return false
	}
	if s.sent == nil || len(s.sent) >= remembered {
		s.sent = make(map[string]time.Time)
	}
	s.sent[id] = now.Round(0) // of the wall clock: the other may stand still in a frozen instance
	return true
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))[:40]
}
