package engine

import (
	"slices"
	"strconv"
	"strings"
	"unsafe"
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
func (c *Config) Identify(event []byte) Identity { return c.Identifier().Identify(event) }

// An Identifier does what [Config.Identify] does for one event after the other,
// in memory that it uses again. It is not safe for concurrent use.
type Identifier struct {
	config  *Config
	scanner scanner
	event   document
	slots   [firstFreeSlot]value
}

// Identifier gives a new one.
func (c *Config) Identifier() *Identifier { return &Identifier{config: c} }

// Identify is [Config.Identify].
func (i *Identifier) Identify(event []byte) Identity {
	if len(event) > i.config.limits.EventBytes {
		return Identity{}
	}
	defer i.forget()
	read, _, reason := i.config.read(&i.scanner, &i.event, unsafe.String(unsafe.SliceData(event), len(event)))
	if reason != "" {
		return Identity{}
	}
	i.slots[slotEvent], i.slots[slotConfig] = read, i.config.values
	return i.config.program.identity(i.slots[:])
}

// forget lets go of the event, and of more room than events usually need.
func (i *Identifier) forget() {
	i.scanner.data, i.event.text, i.slots = "", "", [firstFreeSlot]value{}
	if cap(i.event.places) > roomy {
		i.scanner.places, i.event.places = nil, nil
	}
}

// Identity gives what [Config.Identify] does for the event of the execution,
// which has read it already. It does not belong to the execution: what comes
// after [Execution.Restart] leaves it as it is.
func (x *Execution) Identity() Identity {
	if x.event.missing() {
		return Identity{}
	}
	slots := x.work.slots(firstFreeSlot)
	slots[slotEvent], slots[slotConfig] = x.event, x.config.values
	return x.config.program.identity(slots)
}

// identity reads what an event is known by. Its texts are copies, since those of
// the event do not last.
func (p *Program) identity(slots []value) Identity {
	found := Identity{Type: p.kind(slots[slotEvent].get(&p.by).text())}
	if p.id != nil {
		found.MessageID = strings.Clone(slots[slotEvent].get(p.id).text())
	}
	for i, reads := range p.order {
		if key := firstOf(reads, slots); key != "" {
			found.Order = append(found.Order, strconv.Itoa(i)+":"+key)
		}
	}
	return found
}

// kind gives a text of its own for the name of a kind of event: the program's
// where it knows it.
func (p *Program) kind(name string) string {
	if at := slices.Index(p.kinds, name); at >= 0 {
		return p.kinds[at]
	}
	return strings.Clone(name)
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
