package engine

import (
	"fmt"
)

// An Identity is what an event is known by, whatever the rules make of it. An
// event that is not usable has the zero value.
type Identity struct {
	// Type is what the rules match the event by, and MessageID what its source
	// calls it; each is empty where the event has none.
	Type, MessageID string
	// Order has the ordering keys: the event has to wait for every earlier one
	// that shares one.
	Order []string
}

// Identify reads an event without starting its delivery. It does not keep a
// reference to the bytes.
func (c *Config) Identify(event []byte) Identity {
	if len(event) > c.limits.EventBytes {
		return Identity{}
	}
	var s scanner
	read, _, reason := c.read(&s, &document{}, string(event))
	if reason != "" {
		return Identity{}
	}
	p := c.program
	slots := make([]value, firstFreeSlot)
	slots[slotEvent], slots[slotConfig] = read, c.values
	found := Identity{Type: slots[slotEvent].get(&p.by).text()}
	if p.id != nil {
		found.MessageID = slots[slotEvent].get(p.id).text()
	}
	for i, reads := range p.order {
		if key := firstOf(reads, slots); key != "" {
			found.Order = append(found.Order, fmt.Sprintf("%d:%s", i, key))
		}
	}
	return found
}

// firstOf gives the first single value that is there, as text.
func firstOf(reads []read, slots []value) string {
	for _, r := range reads {
		if v := r.from(slots); v.scalar() && v.present(keep{}) {
			return v.text()
		}
	}
	return ""
}
