// Package contender holds programs that make the body of the same request of
// the same event: the engine by rules, the floor below which nobody gets, and
// what people write instead.
package contender

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"

	"github.com/deskrules/deskrules/bench/corpus"
)

// A Maker makes the body of an event's request. The body holds until the next
// call.
type Maker func(event []byte) ([]byte, error)

// A Contender is one way to make bodies.
type Contender struct {
	Name string
	Make Maker
	// Exact reports that the bodies are the engine's byte for byte. Those of
	// others have the same members with the same values: a Go map has no order.
	Exact bool
}

// EngineName and FloorName are the two that all others are seen beside.
const (
	EngineName = "engine"
	FloorName  = "floor"
)

// Ours reports that a contender is worth watching from one revision to the next:
// the engine, and the floor that tells how much of a difference is the machine's.
func (c Contender) Ours() bool { return c.Name == EngineName || c.Name == FloorName }

// New gives all contenders for a kind of event, the floor first and then the
// engine. The events are the ones they will be shown: what is known of their
// users stands in memory before the first is timed.
func New(kind corpus.Kind, events [][]byte) ([]Contender, error) {
	w, err := newWorld(events)
	if err != nil {
		return nil, err
	}
	engine, err := newEngine(kind, w, events, Begin)
	if err != nil {
		return nil, err
	}
	list := []Contender{{FloorName, newFloor(kind, w), true}, {EngineName, engine, true}}
	peers, err := newPeers(kind, w)
	return append(list, peers...), err
}

// Check compares the bodies that all contenders make of all events with those of
// the engine.
func Check(contenders []Contender, events [][]byte) error {
	for i, event := range events {
		want, err := contenders[1].Make(event)
		if err != nil {
			return fmt.Errorf("event %d: %w", i, err)
		}
		want = bytes.Clone(want)
		for _, c := range contenders {
			if err := c.check(event, want); err != nil {
				return fmt.Errorf("event %d, %s: %w\n%s", i, c.Name, err, event)
			}
		}
	}
	return nil
}

func (c Contender) check(event, want []byte) error {
	got, err := c.Make(event)
	if err != nil {
		return err
	}
	if bytes.Equal(got, want) {
		return nil
	}
	same := false
	if !c.Exact {
		same, err = equalJSON(got, want)
	}
	if err == nil && !same {
		err = fmt.Errorf("the bodies differ:\n%s\n%s", got, want)
	}
	return err
}

// equalJSON compares values, numbers as the numbers that they are.
func equalJSON(a, b []byte) (bool, error) {
	x, err := decode(a)
	if err != nil {
		return false, err
	}
	y, err := decode(b)
	return reflect.DeepEqual(canonical(x), canonical(y)), err
}

func decode(data []byte) (v any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	err = decoder.Decode(&v)
	return v, err
}

// canonical writes every number as a fraction.
func canonical(v any) any {
	switch v := v.(type) {
	case json.Number:
		if r, ok := new(big.Rat).SetString(v.String()); ok {
			return r.RatString()
		}
	case []any:
		for i := range v {
			v[i] = canonical(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = canonical(v[key])
		}
	}
	return v
}
