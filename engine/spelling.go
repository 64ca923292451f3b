package engine

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
	if opened.kind != '[' {
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
	exact  map[string]struct{} // nil for a few texts, which are looked at one by one
	folded map[string]string
}

func spellingOf(list operand) *spelling {
	s := &spelling{}
	s.learn(list)
	return s
}

// learn forgets the list before, and takes another one.
func (s *spelling) learn(list operand) {
	s.texts, s.exact, s.folded = s.texts[:0], nil, nil
	seq := list.sequence()
	for element, more := seq.next(); more; element, more = seq.next() {
		if element.kind == '"' {
			s.texts = append(s.texts, element.content())
		}
	}
	if len(s.texts) > 2*few {
		s.prepare()
	}
}

func (s *spelling) prepare() {
	s.exact, s.folded = make(map[string]struct{}, len(s.texts)), make(map[string]string, len(s.texts))
	for _, text := range s.texts {
		s.exact[text] = struct{}{}
		if _, there := s.folded[fold(text)]; !there {
			s.folded[fold(text)] = text
		}
	}
}

// of gives how a text is written in the list.
func (s *spelling) of(text string) (as string, known bool) {
	if s.exact != nil {
		if _, known = s.exact[text]; known {
			return text, true
		}
		as, known = s.folded[fold(text)]
		return as, known
	}
	for _, written := range s.texts {
		if written == text {
			return text, true
		}
		if !known && sameFold(written, text) {
			as, known = written, true
		}
	}
	return as, known
}
