package engine

import (
	"bytes"
	"unsafe"
)

// A workspace is the memory that an execution works in. It outlives the event,
// so that the next one of the same execution finds the room ready; what is in
// it belongs to one event only, but for the lists that were recalled.
type workspace struct {
	scanner scanner
	event   document
	texts   texts
	large   bool    // more was read than there is room for
	buf     []byte  // for a text that is being made, as long as nothing else is
	result  []byte  // of the rule at hand
	values  []value // the slots of frames, one frame's behind the other's
	frames  pool[frame]
	runs    pool[ruleRun]
	owns    pool[document] // of texts that the engine made
	counts  []Count
	given   []value // for a way of a lookup
	keys    []string
	filling filling
	machine machine
	// recalled holds the last lists that a memory gave. An account's lists hardly
	// change, and are read once.
	recalled [2]*document
	oldest   int // of recalled
}

// roomy is how much room is kept for the next event: so many values, and so
// many bytes of text. Whatever was larger goes, with all that it may have made
// large.
const (
	roomy     = 1 << 12
	roomyText = 1 << 16
)

func (w *workspace) reset() {
	if w.large || cap(w.texts.buf) > roomyText || cap(w.values) > roomy || w.frames.taken > roomy/64 {
		*w = workspace{recalled: w.recalled, oldest: w.oldest}
		return
	}
	w.texts.buf, w.values, w.counts, w.keys = w.texts.buf[:0], w.values[:0], w.counts[:0], w.keys[:0]
	w.frames.taken, w.runs.taken, w.owns.taken = 0, 0, 0
}

// own copies a text that the engine made, and gives it as a value.
func (w *workspace) own(text []byte) value {
	d := w.owns.take()
	*d = document{text: w.texts.keep(text), places: d.places[:0], renamed: d.renamed[:0], scanner: &w.scanner}
	return value{raw: d.text, doc: d}
}

// join writes a value of its parts.
func (w *workspace) join(before, raw, behind string) value {
	w.buf = append(append(append(w.buf[:0], before...), raw...), behind...)
	return rawValue(w.texts.keep(w.buf))
}

// body gives a text as the body of a request.
func (w *workspace) body(text string) []byte {
	return unsafe.Slice(unsafe.StringData(text), len(text))
}

// slots gives the empty slots of a frame.
func (w *workspace) slots(n int) []value {
	if len(w.values)+n > cap(w.values) {
		w.values = make([]value, 0, max(2*cap(w.values), n, 16))
	}
	start := len(w.values)
	w.values = w.values[:start+n]
	slots := w.values[start : start+n : start+n]
	clear(slots)
	return slots
}

// recall reads what a memory gave. It is missing where that is no JSON.
func (w *workspace) recall(remembered []byte, depth int) value {
	for _, d := range w.recalled {
		if d != nil && d.text == string(remembered) {
			return d.value(0)
		}
	}
	if !bytes.HasPrefix(remembered, []byte("[")) || len(remembered) > roomyText {
		d := w.owns.take()
		*d = document{places: d.places[:0], renamed: d.renamed[:0]}
		if w.scanner.scan(d, w.texts.keep(remembered), depth, 0) != nil {
			return value{}
		}
		return d.value(0)
	}
	d := &document{recalled: true}
	if w.scanner.scan(d, string(remembered), depth, 0) != nil {
		return value{}
	}
	w.recalled[w.oldest] = d
	w.oldest = (w.oldest + 1) % len(w.recalled)
	return d.value(0)
}

// A pool holds things that are taken one after the other and all given back at
// once. What it gives is as it was left.
type pool[T any] struct {
	things []*T
	taken  int
}

func (p *pool[T]) take() *T {
	if p.taken == len(p.things) {
		p.things = append(p.things, new(T))
	}
	p.taken++
	return p.things[p.taken-1]
}
