package engine

import "slices"

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
	exact  map[string]struct{} // nil for a few texts
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
		s.exact = make(map[string]struct{}, len(s.texts))
		for _, text := range s.texts {
			s.exact[text] = struct{}{}
		}
	}
	return s
}

// has reports whether a text is in the list, in any case.
func (s *spelling) has(text string) bool {
	if !s.marks.hasFolded(text) {
		return false
	}
	if s.isExact(text) {
		return true
	}
	_, known := s.inAnyCase(text)
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
	if s.exact == nil {
		return slices.Contains(s.texts, text)
	}
	_, there := s.exact[text]
	return there
}

func (s *spelling) inAnyCase(text string) (as string, known bool) {
	if len(s.texts) <= few {
		at := slices.IndexFunc(s.texts, func(written string) bool { return sameFold(written, text) })
		if at < 0 {
			return "", false
		}
		return s.texts[at], true
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
