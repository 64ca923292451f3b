package engine

import (
	"slices"
	"unsafe"
)

// A document is JSON text with an index of the values in it, in the order of
// the text: what stands inside a value follows it. A document that was never
// scanned is one of the engine's own, and is indexed once somebody asks.
type document struct {
	text   string
	places []place
	// renamed lists the keys of the text that are not as they were in the event,
	// in the order of the text.
	renamed []renamedKey
	scanner *scanner // for the index; nil for one of its own
	// recalled marks what a memory gave, which is used for more than one event;
	// spelled is the spelling of such a list, nil until somebody asks.
	recalled bool
	spelled  *spelling
}

// A place is where a value stands in the text of its document, and its key if it
// is a member, all in bytes.
type place struct {
	start, end  int32
	key, keyEnd int32 // between the quotes
	next        int32 // the place behind everything that is inside this one
	escaped     bool  // the key has escapes
	mark        mark  // of the key
}

// A renamedKey is a key that was rewritten: where it stands, and what it was.
type renamedKey struct {
	at   int
	name string
}

// name gives the key of a member.
func (n *place) name(text string) string {
	if n.escaped {
		return unquote(text[n.key-1 : n.keyEnd+1])
	}
	return text[n.key:n.keyEnd]
}

// index makes sure that the places are there.
func (d *document) index() {
	if len(d.places) > 0 {
		return
	}
	s := d.scanner
	if s == nil {
		s = &scanner{}
	}
	if err := s.scan(d, d.text, len(d.text)+1, ownText); err != nil {
		panic("engine: a text of its own is not JSON: " + err.Error())
	}
}

// value gives the value at a place.
func (d *document) value(at int32) value {
	n := &d.places[at]
	return value{raw: d.text[n.start:n.end], doc: d, at: at}
}

// below follows a path of plain keys; it reports false where it leads nowhere.
func (d *document) below(at int32, path []segment) (int32, bool) {
	d.index()
	for i := range path {
		seg, there := &path[i], false
		switch d.text[d.places[at].start] {
		case '{':
			if seg.only != '[' {
				at, there = d.marked(at, seg.key, seg.mark)
			}
		case '[':
			if seg.index >= 0 && seg.only != '{' {
				at, there = d.element(at, seg.index)
			}
		}
		if !there {
			return 0, false
		}
	}
	return at, true
}

func (d *document) member(of int32, key string) (int32, bool) {
	return d.marked(of, key, markOf(key))
}

// marked is member for a key whose mark is known.
func (d *document) marked(of int32, key string, m mark) (int32, bool) {
	places := d.places[:d.places[of].next]
	for i := int(of) + 1; i < len(places); i = int(places[i].next) {
		if p := &places[i]; p.mark == m && p.name(d.text) == key {
			return int32(i), true
		}
	}
	return 0, false
}

func (d *document) element(of int32, index int) (int32, bool) {
	end := d.places[of].next
	for i := of + 1; i < end; i = d.places[i].next {
		if index == 0 {
			return i, true
		}
		index--
	}
	return 0, false
}

// parts counts the elements of a list, or the members of an object.
func (d *document) parts(of int32) (count int) {
	for i := of + 1; i < d.places[of].next; i = d.places[i].next {
		count++
	}
	return count
}

// originalName gives the key that the member at a place had in the event.
func (d *document) originalName(at int32, key string) string {
	if len(d.renamed) == 0 {
		return key
	}
	i, found := slices.BinarySearchFunc(d.renamed, int(d.places[at].key), func(r renamedKey, at int) int { return r.at - at })
	if !found {
		return key
	}
	return d.renamed[i].name
}

// texts is where an execution writes the texts that it makes, one behind the
// other.
type texts struct{ buf []byte }

// keep copies a text. It is good until texts are emptied, which is why an
// execution that is begun again takes back all that it gave.
func (t *texts) keep(text []byte) string {
	if cap(t.buf)-len(t.buf) < len(text) {
		t.buf = make([]byte, 0, max(2*cap(t.buf), 2*len(text), 1<<10)) // what was kept stays where it is
	}
	start := len(t.buf)
	t.buf = append(t.buf, text...)
	return unsafe.String(unsafe.SliceData(t.buf[start:]), len(text))
}
