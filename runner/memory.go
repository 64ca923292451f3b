package runner

import (
	"bytes"
	"container/list"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/deskrules/deskrules/engine"
)

// defaultKeys is how many keys a Runner's own memory holds.
const defaultKeys = 100_000

// A Memory keeps what answers taught, so that later events need not ask again.
// Its keys mean something only for one account of one destination: share a
// Memory between Runners of the same account, and no others. It must be safe
// for concurrent use.
type Memory interface {
	// Recall returns the value of key, and false where there is none or its
	// time is over. The value must not be modified.
	Recall(key string) (json.RawMessage, bool)
	// Apply makes the changes in order. No Recall sees some of them only.
	Apply(facts []engine.Fact)
}

// NewMemory returns a Memory within the process. It holds at most so many
// keys, 0 for 100,000, and drops the one that was not used for longest to make
// room. A nil clock is the system's.
func NewMemory(keys int, clock Clock) Memory {
	if keys <= 0 {
		keys = defaultKeys
	}
	if clock == nil {
		clock = systemClock{}
	}
	return &localMemory{most: keys, clock: clock, entries: map[string]*list.Element{}, recent: list.New()}
}

type localMemory struct {
	most  int
	clock Clock

	mu      sync.Mutex
	entries map[string]*list.Element // of entry
	recent  *list.List               // the latest used first
}

type entry struct {
	key   string
	value json.RawMessage // never written to once it is here
	until time.Time
}

func (m *localMemory) Recall(key string) (json.RawMessage, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.live(key)
	if !ok {
		return nil, false
	}
	return e.value, true
}

func (m *localMemory) Apply(facts []engine.Fact) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range facts {
		switch f.Op {
		case engine.Learn:
			m.learn(f)
		case engine.Extend:
			m.extend(f)
		case engine.Forget:
			m.forget(f.Key)
		}
	}
}

// live finds an entry whose time is not over, and marks it as used.
func (m *localMemory) live(key string) (*entry, bool) {
	element, ok := m.entries[key]
	if !ok {
		return nil, false
	}
	e := element.Value.(*entry)
	if !m.clock.Now().Before(e.until) {
		m.forget(key)
		return nil, false
	}
	m.recent.MoveToFront(element)
	return e, true
}

func (m *localMemory) learn(f engine.Fact) {
	m.forget(f.Key)
	e := &entry{key: f.Key, value: slices.Clone(f.Value), until: m.clock.Now().Add(f.For)}
	m.entries[f.Key] = m.recent.PushFront(e)
	for len(m.entries) > m.most {
		m.forget(m.recent.Back().Value.(*entry).key)
	}
}

func (m *localMemory) extend(f engine.Fact) {
	if e, ok := m.live(f.Key); ok {
		e.value = appendElement(e.value, f.Value)
	}
}

func (m *localMemory) forget(key string) {
	if element, ok := m.entries[key]; ok {
		m.recent.Remove(element)
		delete(m.entries, key)
	}
}

// appendElement returns array with element at its end, and array itself where
// it is no array. It copies, since readers may still hold the old value.
func appendElement(array, element json.RawMessage) json.RawMessage {
	inner, ok := bytes.CutPrefix(bytes.TrimSpace(array), []byte("["))
	if !ok {
		return array
	}
	inner = bytes.TrimSpace(bytes.TrimSuffix(inner, []byte("]")))
	longer := make(json.RawMessage, 0, len(inner)+len(element)+3)
	longer = append(longer, '[')
	if len(inner) > 0 {
		longer = append(append(longer, inner...), ',')
	}
	return append(append(longer, element...), ']')
}
