package engine

import (
	"math"
	"math/bits"
)

// elements is a list prepared for the operator in, so that looking up one list
// in another costs their sum and not their product.
type elements struct {
	texts   map[string]struct{}
	numbers map[string]struct{} // in a form that equal numbers share
	others  []operand           // the rest, and all of a short list
}

// asSet prepares a list or an object for the operator in.
func (o operand) asSet() operand {
	opened := o.opened()
	if opened.kind != '[' || opened.made == nil {
		return opened
	}
	m := *opened.made
	m.set = newElements(m.elements)
	opened.made = &m
	return opened
}

func newElements(list []operand) *elements {
	if len(list) <= few {
		return &elements{others: list}
	}
	e := &elements{texts: make(map[string]struct{}, len(list)), numbers: map[string]struct{}{}}
	for _, element := range list {
		switch element.kind {
		case '"':
			e.texts[element.content()] = struct{}{}
		case '0':
			e.numbers[splitNumber(element.digits()).text()] = struct{}{}
		default:
			e.others = append(e.others, element)
		}
	}
	return e
}

func (e *elements) has(x operand) bool {
	there := false
	switch {
	case e.texts == nil:
	case x.kind == '"':
		_, there = e.texts[x.content()]
		return there
	case x.kind == '0':
		_, there = e.numbers[splitNumber(x.digits()).text()]
		return there
	}
	for i := 0; i < len(e.others) && !there; i++ {
		there = equal(x, e.others[i])
	}
	return there
}

// A spelling knows how the texts of a list are written. A text that is written
// exactly so wins, else the first that differs in case only.
type spelling struct {
	texts []string
	// table has the number of a text, from 1, near the slot of the text; nil for a
	// few texts, and for many that share a slot.
	table []uint16
	// exact and folded find what the table does not: all texts where there is
	// none, and those that are not ASCII. Nil until somebody asks.
	exact  map[string]struct{}
	folded map[string]string
	wide   bool // a text is not ASCII
}

// spellingOf reads a list of texts. That of a list which a memory gave is kept
// with it.
func spellingOf(list operand) *spelling {
	if list.doc == nil || !list.doc.recalled || list.place != 0 {
		return newSpelling(list)
	}
	if list.doc.spelled == nil {
		list.doc.spelled = newSpelling(list)
	}
	return list.doc.spelled
}

func newSpelling(list operand) *spelling {
	s := &spelling{}
	seq := list.sequence()
	for element, more := seq.next(); more; element, more = seq.next() {
		if text, isText := element.name(); isText {
			s.texts = append(s.texts, text)
			s.wide = s.wide || !isASCII(text)
		}
	}
	if len(s.texts) > few && len(s.texts) < math.MaxUint16 {
		s.tabulate()
	}
	return s
}

// tabulate prepares the look-up. A table is several times as fast as a map, as
// long as nobody chose the texts so that they share a slot.
func (s *spelling) tabulate() {
	s.table = make([]uint16, 4<<bits.Len(uint(len(s.texts))))
	for i, text := range s.texts {
		at, probes := s.slot(text), 0
		for ; s.table[at] != 0 && probes < few; probes++ {
			at = (at + 1) & (len(s.table) - 1)
		}
		if probes == few {
			s.table = nil
			return
		}
		s.table[at] = uint16(i + 1)
	}
}

// slot gives where in the table to look for an ASCII text first, in any case.
func (s *spelling) slot(text string) int {
	h := uint32(len(text))
	if text != "" {
		h |= uint32(text[0]|0x20)<<8 | uint32(text[len(text)/2]|0x20)<<16 | uint32(text[len(text)-1]|0x20)<<24
	}
	return int(h * 0x9e3779b1 >> (32 - bits.TrailingZeros(uint(len(s.table)))))
}

// has reports whether a text is in the list, in any case.
func (s *spelling) has(text string) bool {
	_, known := s.of(text)
	return known
}

// of gives how a text is written in the list.
func (s *spelling) of(text string) (as string, known bool) {
	switch {
	case s.table != nil:
		if as, known = s.near(text); as == text && known || !s.wide && isASCII(text) {
			return as, known
		}
	case len(s.texts) <= few:
		return s.among(text)
	}
	return s.mapped(text)
}

// near looks in the table.
func (s *spelling) near(text string) (as string, known bool) {
	first := len(s.texts)
	for at, probes := s.slot(text), 0; probes < few && s.table[at] != 0; at, probes = (at+1)&(len(s.table)-1), probes+1 {
		i := int(s.table[at]) - 1
		switch written := s.texts[i]; {
		case len(written) != len(text):
		case written == text:
			return text, true
		case i < first && sameFold(written, text):
			first = i
		}
	}
	if first == len(s.texts) {
		return "", false
	}
	return s.texts[first], true
}

// among looks at a few texts.
func (s *spelling) among(text string) (as string, known bool) {
	for _, written := range s.texts {
		switch {
		case written == text:
			return text, true
		case !known && sameFold(written, text):
			as, known = written, true
		}
	}
	return as, known
}

// mapped finds whatever text there is.
func (s *spelling) mapped(text string) (as string, known bool) {
	if s.exact == nil {
		s.complete()
	}
	if _, there := s.exact[text]; there {
		return text, true
	}
	as, known = s.folded[fold(text)]
	return as, known
}

// complete prepares for all texts. What several executions share has to be
// complete before.
func (s *spelling) complete() *spelling {
	s.exact, s.folded = make(map[string]struct{}, len(s.texts)), make(map[string]string, len(s.texts))
	for _, text := range s.texts {
		s.exact[text] = struct{}{}
		if folded := fold(text); s.folded[folded] == "" {
			s.folded[folded] = text
		}
	}
	return s
}
