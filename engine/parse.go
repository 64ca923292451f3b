package engine

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	exprparser "github.com/expr-lang/expr/parser"
	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/internal/spell"
)

// The parser turns YAML nodes into the as-written tree. It walks nodes itself
// and never lets yaml.v3 decode into structs: decoding loses columns, accepts
// unknown keys in places, and turns 0555 into 365 and 2024-01-02 into a time.
type parser struct {
	*collector
	src *source
}

// maxRuleFile bounds a rule file; the largest sensible table is far below.
const maxRuleFile = 4 << 20

// document parses the bytes of one file down to its root mapping; nil where
// that is impossible.
func (p *parser) document() *yaml.Node {
	root := p.root()
	if root == nil {
		p.unreadable = append(p.unreadable, p.src.name)
	}
	return root
}

func (p *parser) root() *yaml.Node {
	whole := span{p.src, 0, 0}
	switch {
	case len(p.src.text) > maxRuleFile:
		p.errorf(whole, "", "the file is larger than %d bytes", maxRuleFile)
		return nil
	case strings.ContainsAny(strings.ReplaceAll(p.src.text, "\r\n", "\n"), "\r\u0085\u2028\u2029"):
		p.errorf(whole, "Save the file with ordinary line ends.", "the file has line breaks that editors do not show as such (CR, U+0085, U+2028 or U+2029)")
		return nil
	case !utf8.ValidString(p.src.text):
		p.errorf(whole, "Save the file as UTF-8.", "the file is not UTF-8")
		return nil
	}
	decoder := yaml.NewDecoder(strings.NewReader(p.src.text))
	var document, extra yaml.Node
	if err := decoder.Decode(&document); err != nil {
		p.syntaxError(err)
		return nil
	}
	if err := decoder.Decode(&extra); !errors.Is(err, io.EOF) {
		at := whole
		if err == nil {
			at = p.span(&extra)
		}
		p.errorf(at, "Remove the --- line, or move what follows to a file of its own.", "the file has a second document")
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		p.errorf(p.span(root), "A rule file begins with keys such as rule: identify.", "the file is not a mapping of keys to values")
		return nil
	}
	return root
}

var yamlLine = regexp.MustCompile(`^yaml: (line \d+: )?`)

// syntaxError says what keeps the file from being YAML, and where.
func (p *parser) syntaxError(err error) {
	if errors.Is(err, io.EOF) {
		p.errorf(span{p.src, 0, 0}, "Write the rules, or remove the file.", "the file is empty")
		return
	}
	found := faultOf(p.src)
	if tab := indentedByTab(p.src); tab > 0 && tab <= found.at.position().Line {
		start := p.src.offset(tab, 1)
		p.errorf(span{p.src, start, start + 1}, "Indent with spaces.", "the line is indented with a tab, which YAML does not allow")
		return
	}
	summary := cmp.Or(found.summary, yamlLine.ReplaceAllString(err.Error(), ""))
	p.errorf(found.at, found.detail, "not YAML: %s", summary)
}

// indentedByTab gives the first line that has a tab before its text; 0 for none.
func indentedByTab(src *source) int {
	for n := 1; n <= len(src.lines); n++ {
		line := src.line(n)
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		if strings.Contains(indent, "\t") && len(indent) < len(line) {
			return n
		}
	}
	return 0
}

// span gives the place of a node. The end of a scalar is known where it stands
// on one line.
func (p *parser) span(n *yaml.Node) span {
	start := p.src.offset(n.Line, n.Column)
	end := start
	if n.Kind == yaml.ScalarNode {
		size := len(n.Value)
		if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
			size += 2
		}
		line, _, _ := strings.Cut(p.src.text[start:], "\n")
		end = start + min(size, len(line))
	}
	return span{p.src, start, end}
}

// plain refuses what makes a node say something else than it seems to.
func (p *parser) plain(n *yaml.Node) bool {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		p.errorf(p.span(n), "Write the value out where it is used.", "anchors and aliases are not part of the rule language")
	case n.Style&yaml.TaggedStyle != 0:
		p.errorf(p.span(n), "Put quotes around a value that begins with an exclamation mark, or write not in place of it.",
			"%s is a YAML tag, and the value behind it is lost", n.Tag)
	default:
		return true
	}
	return false
}

// A field is one key that a mapping may have, and what reads its value.
type field[T any] struct {
	name string
	valueReader[T]
}

// A valueReader reads the value of a key, and knows beforehand what it may look like.
type valueReader[T any] struct {
	read func(p *parser, n *yaml.Node, into *T)
	form func() Form
	must bool // a mapping without the key is wrong
}

// keys are those that one kind of mapping may have. what names it in messages,
// such as "a step".
type keys[T any] struct {
	what     string
	fields   []field[T]
	variants map[string][]string // as in [Construct]
}

// object reads a mapping with exactly the given keys, and all that it must have.
func object[T any](p *parser, n *yaml.Node, into *T, k keys[T]) {
	members(p, n, into, k)
	complete(p, n, k.what, k)
}

// members reads what is there of a mapping with exactly the given keys.
func members[T any](p *parser, n *yaml.Node, into *T, k keys[T]) {
	last, before := "", &yaml.Node{}
	p.entries(n, k.what, func(key text, value *yaml.Node) {
		for _, f := range k.fields {
			if f.name == key.value {
				last, before = key.value, value
				f.read(p, value, into)
				return
			}
		}
		names := make([]string, len(k.fields))
		for i, f := range k.fields {
			names[i] = f.name
		}
		switch {
		case n.Style&yaml.FlowStyle == 0 || !isRest(key, value):
			p.errorf(key.at, spell.Advice(key.value, names), "unknown key %q in %s", key.value, k.what)
		case !slices.Contains(expressionKeys(), last) || isExpression(before.Value): // else it reports that it is cut short
			p.errorf(key.at, "Put quotes around the value.", "within braces a comma ends the value of %s, and this is lost", last)
		}
	})
}

// complete reports the keys that a mapping cannot do without. One whose value
// could not be read has been reported.
func complete[T any](p *parser, n *yaml.Node, what string, k keys[T]) {
	if n.Kind != yaml.MappingNode {
		return
	}
	for _, f := range k.fields {
		if !f.must {
			continue
		}
		switch value := valueOf(n, f.name); {
		case value == nil:
			p.errorf(p.span(n), "", "%s needs the key %s", what, f.name)
		case value.Kind == yaml.SequenceNode && len(value.Content) == 0:
			p.errorf(p.span(value), "", "the list %s of %s is empty", f.name, what)
		}
	}
}

// isRest reports whether a key within braces is what a comma cut off a value
// that needed quotes.
func isRest(key text, value *yaml.Node) bool {
	return value.Tag == "!!null" && value.Value == "" && strings.ContainsAny(key.value, " )")
}

func isExpression(text string) bool {
	if len(text) > maxExpression {
		return true
	}
	_, err := exprparser.Parse(text)
	return err == nil
}

// expressionKeys lists the keys whose values are expressions.
func expressionKeys() []string {
	return []string{"expr", "when", "each", "pick", "found", "there", "check", "next"}
}

// entries walks the keys of a mapping in order and refuses duplicates.
func (p *parser) entries(n *yaml.Node, what string, visit func(key text, value *yaml.Node)) {
	if !p.plain(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		p.errorf(p.span(n), "", "%s must be a mapping of keys to values, not %s", what, kindName(n))
		return
	}
	seen := map[string]Position{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := p.text(n.Content[i])
		if !key.given() {
			continue
		}
		if first, twice := seen[key.value]; twice {
			p.errorf(key.at, fmt.Sprintf("It stands at line %d already.", first.Line), "duplicate key %q", key.value)
			continue
		}
		seen[key.value] = key.at.position()
		visit(key, n.Content[i+1])
	}
}

// list walks the items of a sequence.
func (p *parser) list(n *yaml.Node, what string, visit func(item *yaml.Node)) {
	if !p.plain(n) {
		return
	}
	if n.Kind != yaml.SequenceNode {
		p.errorf(p.span(n), "", "%s must be a list, not %s", what, kindName(n))
		return
	}
	for _, item := range n.Content {
		visit(item)
	}
}

func kindName(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "nothing"
	default:
		return "a single value"
	}
}

// text reads a scalar that stands for text. A scalar that YAML takes for
// something else must be quoted, or the rule would say something else than
// its author sees.
func (p *parser) text(n *yaml.Node) text {
	t := p.scalar(n)
	switch {
	case !t.given():
	case n.Tag == "!!merge":
		p.errorf(t.at, "Write out what it should bring.", "<< merges mappings, which is not part of the rule language")
		return text{}
	case n.Tag == "!!null" || strings.TrimSpace(t.value) == "":
		p.errorf(t.at, "Write a value, or remove the key.", "the value is empty")
		return text{}
	case n.Tag != "!!str":
		p.errorf(t.at, fmt.Sprintf("Put quotes around it: %q.", t.value), "%s is %s to YAML, and text is needed here", t.value, tagName(n.Tag))
		return text{}
	}
	return t
}

// scalar reads a scalar of any type as it is written.
func (p *parser) scalar(n *yaml.Node) text {
	if !p.plain(n) {
		return text{}
	}
	if n.Kind != yaml.ScalarNode {
		p.errorf(p.span(n), "", "a single value is needed here, not %s", kindName(n))
		return text{}
	}
	return text{value: n.Value, at: p.span(n), style: n.Style}
}

// texts reads a text, or a list of texts.
func (p *parser) texts(n *yaml.Node) []text {
	if n.Kind != yaml.SequenceNode {
		return given(p.text(n))
	}
	var all []text
	p.list(n, "this", func(item *yaml.Node) { all = append(all, given(p.text(item))...) })
	return all
}

// scalars reads a scalar or a list of scalars of any type, such as statuses.
func (p *parser) scalars(n *yaml.Node) []text {
	if n.Kind != yaml.SequenceNode {
		return given(p.scalar(n))
	}
	var all []text
	p.list(n, "this", func(item *yaml.Node) { all = append(all, given(p.scalar(item))...) })
	return all
}

func given(t text) []text {
	if !t.given() {
		return nil
	}
	return []text{t}
}

func tagName(tag string) string {
	switch tag {
	case "!!bool":
		return "a boolean"
	case "!!int", "!!float":
		return "a number"
	case "!!timestamp":
		return "a date"
	default:
		return strings.TrimPrefix(tag, "!!")
	}
}

func (p *parser) flag(n *yaml.Node) flag {
	t := p.scalar(n)
	if !t.given() {
		return flag{}
	}
	if t.value != "true" && t.value != "false" || n.Tag != "!!bool" {
		p.errorf(t.at, "", "%s is neither true nor false", t.value)
		return flag{}
	}
	return flag{value: t.value == "true", at: t.at}
}

// literal reads a value of any shape as the JSON it stands for.
func (p *parser) literal(n *yaml.Node) literal {
	if !p.plain(n) {
		return literal{}
	}
	at := p.span(n)
	switch n.Kind {
	case yaml.SequenceNode:
		var parts []string
		p.list(n, "this", func(item *yaml.Node) { parts = append(parts, cmp.Or(p.literal(item).json, "null")) })
		return literal{"[" + strings.Join(parts, ",") + "]", at}
	case yaml.MappingNode:
		var parts []string
		p.entries(n, "this", func(key text, value *yaml.Node) {
			parts = append(parts, quote(key.value)+":"+cmp.Or(p.literal(value).json, "null"))
		})
		return literal{"{" + strings.Join(parts, ",") + "}", at}
	}
	return literal{p.scalarJSON(n), at}
}

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// scalarJSON refuses scalars whose meaning depends on the YAML version, such
// as 0555, 1_000, yes or 2024-01-02: quoted they are text, and unquoted a trap.
func (p *parser) scalarJSON(n *yaml.Node) string {
	switch {
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return quote(n.Value)
	case n.Tag == "!!null":
		return "null"
	case n.Value == "true" || n.Value == "false":
		return n.Value
	case jsonNumber.MatchString(n.Value):
		return n.Value
	case n.Tag != "!!str" || slices.Contains([]string{"yes", "no", "on", "off", "y", "n"}, strings.ToLower(n.Value)):
		p.errorf(p.span(n), fmt.Sprintf("Put quotes around it if it is text: %q.", n.Value),
			"%s means different things to different readers of YAML", n.Value)
		return "null"
	default:
		return quote(n.Value)
	}
}

// quote gives a text as a JSON string.
func quote(s string) string { return string(appendQuoted(nil, s)) }

// valueOf gives the value behind a key; nil where there is no such key.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// appendQuoted appends s as a JSON string, with what JavaScript and HTML
// readers stumble over left as it is: the receiver is an API.
func appendQuoted(dst []byte, s string) []byte {
	if plainUntil(s, 0) == len(s) {
		return append(append(append(dst, '"'), s...), '"')
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		panic("engine: a string that does not encode: " + err.Error())
	}
	return append(dst, strings.TrimSuffix(b.String(), "\n")...)
}
