package engine

import (
	"math"
	"math/bits"
	"slices"
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
	texts  []string
	marks  marks               // of the texts in any case
	table  []uint16            // the number of a text, from 1, near its slot; nil where exact is there
	exact  map[string]struct{} // nil unless many texts have the same slot
	folded map[string]string   // nil until somebody asks for a text in another case
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
			s.marks.addFolded(text)
		}
	}
	if len(s.texts) > few {
		s.tabulate()
	}
	return s
}

// tabulate prepares the look-up of texts as they are written. A table of slots
// is several times as fast as a map, as long as nobody chose the texts so that
// they share one.
func (s *spelling) tabulate() {
	s.table = make([]uint16, 4<<bits.Len(uint(len(s.texts))))
	for i, text := range s.texts {
		at, probes := s.slot(text), 0
		for ; s.table[at] != 0 && probes < few; probes++ {
			at = (at + 1) & (len(s.table) - 1)
		}
		if probes == few || i >= math.MaxUint16 {
			s.exact, s.table = map[string]struct{}{}, nil
			for _, text := range s.texts {
				s.exact[text] = struct{}{}
			}
			return
		}
		s.table[at] = uint16(i + 1)
	}
}

// slot gives where in the table to look for a text first.
func (s *spelling) slot(text string) int {
	h := uint32(len(text))
	if text != "" {
		h |= uint32(text[0])<<8 | uint32(text[len(text)/2])<<16 | uint32(text[len(text)-1])<<24
	}
	return int(h*0x9e3779b1>>8) & (len(s.table) - 1)
}

// has reports whether a text is in the list, in any case.
func (s *spelling) has(text string) bool {
	_, known := s.of(text)
	return known
}

// of gives how a text is written in the list.
func (s *spelling) of(text string) (as string, known bool) {
	if s.isExact(text) {
		return text, true
	}
	return s.inAnyCase(text)
}

func (s *spelling) isExact(text string) bool {
	switch {
	case s.table != nil:
		for at := s.slot(text); s.table[at] != 0; at = (at + 1) & (len(s.table) - 1) {
			if s.texts[s.table[at]-1] == text {
				return true
			}
		}
		return false
	case s.exact != nil:
		_, there := s.exact[text]
		return there
	default:
		return slices.Contains(s.texts, text)
	}
}

func (s *spelling) inAnyCase(text string) (as string, known bool) {
	if len(s.texts) <= few {
		at := slices.IndexFunc(s.texts, func(written string) bool { return sameFold(written, text) })
		if at < 0 {
			return "", false
		}
		return s.texts[at], true
	}
	if !s.marks.hasFolded(text) {
		return "", false
	}
	if s.folded == nil {
		s.fold()
	}
	as, known = s.folded[fold(text)]
	return as, known
}

func (s *spelling) fold() {
	s.folded = make(map[string]string, len(s.texts))
	for _, text := range s.texts {
		if folded := fold(text); s.folded[folded] == "" {
			s.folded[folded] = text
		}
	}
}
