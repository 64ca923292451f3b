package engine

import (
	"fmt"
	"net/url"
	"strings"
)

// A template is text with paths in braces, such as users/{user.id}.json.
type template struct {
	text  string
	at    Position
	parts []templatePart
}

// A templatePart is literal text, or a value to be put in.
type templatePart struct {
	literal string
	read    *read
	label   string
}

// An escape is what keeps a value within the place where it is put.
type escape func(string) (string, error)

// queryEscape is for the values of a query.
func queryEscape(s string) (string, error) { return url.QueryEscape(s), nil }

// plainEscape is for messages.
func plainEscape(s string) (string, error) { return s, nil }

// pathEscape is for one part of a URL's path. A value of dots would change
// which part it is.
func pathEscape(s string) (string, error) {
	if s == "." || s == ".." {
		return "", fmt.Errorf("%q cannot stand in a URL", s)
	}
	return url.PathEscape(s), nil
}

// constant reports whether the text is always the same.
func (t *template) constant() bool {
	return len(t.parts) == 0 || len(t.parts) == 1 && t.parts[0].read == nil
}

// literalText gives the text that stands before the first value.
func (t *template) literalText() string {
	if len(t.parts) == 0 || t.parts[0].read != nil {
		return ""
	}
	return t.parts[0].literal
}

// render fills the template. A value that is missing or no scalar is an error:
// a request without it would mean something else.
func (t *template) render(slots []value, e escape) (string, error) {
	text, err := t.appendTo(nil, slots, e)
	return string(text), err
}

// appendTo is render for a text that is part of a longer one.
func (t *template) appendTo(dst []byte, slots []value, e escape) ([]byte, error) {
	for i := range t.parts {
		part := &t.parts[i]
		if part.read == nil {
			dst = append(dst, part.literal...)
			continue
		}
		v := part.read.from(slots)
		if !v.scalar() || v.raw == `""` {
			return nil, fmt.Errorf("{%s} in %q is %s", part.label, t.text, emptyText(v))
		}
		s, err := e(v.text())
		if err != nil {
			return nil, fmt.Errorf("{%s} in %q: %w", part.label, t.text, err)
		}
		dst = append(dst, s...)
	}
	return dst, nil
}

func emptyText(v value) string {
	if v.raw == `""` {
		return "empty"
	}
	return v.kindText()
}

// message fills the template for a person to read, who can do with a gap.
func (t *template) message(slots []value) string {
	var b strings.Builder
	for _, part := range t.parts {
		if part.read == nil {
			b.WriteString(part.literal)
			continue
		}
		v := part.read.from(slots)
		switch {
		case v.null() || v.raw == `""`:
			b.WriteString("(none)")
		case v.scalar():
			b.WriteString(cut(v.text(), maxText))
		default:
			b.WriteString(shorten(v.raw))
		}
	}
	return b.String()
}

// template compiles a text with paths in braces; {{ and }} stand for braces.
// Constants are put in at once.
func (c *compiler) template(t text, in *scope) *template {
	if !t.given() {
		return nil
	}
	result := &template{text: t.value, at: t.at.position()}
	for i := 0; i < len(t.value); {
		open := strings.IndexAny(t.value[i:], "{}")
		if open < 0 {
			result.literal(t.value[i:])
			break
		}
		open += i
		result.literal(t.value[i:open])
		if strings.HasPrefix(t.value[open:], "{{") || strings.HasPrefix(t.value[open:], "}}") {
			result.literal(t.value[open : open+1])
			i = open + 2
			continue
		}
		end := strings.IndexByte(t.value[open:], '}')
		if t.value[open] == '}' || end < 0 {
			c.errorf(t.part(open, open+1), "Write it twice where it is meant literally.", "a single brace")
			return nil
		}
		c.templateRead(t, open+1, open+end, in, result)
		i = open + end + 1
	}
	return result
}

func (t *template) literal(s string) {
	switch last := len(t.parts) - 1; {
	case s == "":
	case last >= 0 && t.parts[last].read == nil:
		t.parts[last].literal += s
	default:
		t.parts = append(t.parts, templatePart{literal: s})
	}
}

func (c *compiler) templateRead(t text, from, to int, in *scope, into *template) {
	label := t.value[from:to]
	r, n := c.readPart(t, from, to, in)
	if r == nil {
		into.literal("x") // reported; something stands here all the same
		return
	}
	if n.constant != nil && r.path.gjson == "" {
		if v := rawValue(n.constant.json); !v.scalar() {
			c.errorf(t.part(from, to), "", "%s is %s, and a single value is needed", label, v.kindText())
		}
		into.literal(rawValue(n.constant.json).text())
		return
	}
	into.parts = append(into.parts, templatePart{read: r, label: label})
}
