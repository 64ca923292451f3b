package mutation

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/engine"
)

// A Mutant is a rule file with one thing changed.
type Mutant struct {
	At engine.Position `json:"at"`
	// Line is the line that At names, without the space around it.
	Line string `json:"line"`
	// Change says what was done, such as without as.
	Change string `json:"change"`
	// Text is the whole file, changed.
	Text string `json:"-"`
}

// String says what was changed, but for the place.
func (m Mutant) String() string { return m.Line + ": " + m.Change }

// Mutants lists the changes of a file that golden cases can notice: of a rule
// file, of destination.yaml, or of the file of a table.
func Mutants(file, text string) ([]Mutant, error) {
	top, err := topOf(text)
	if err != nil || top == nil {
		return nil, err
	}
	w := &walker{document: newDocument(text), file: file}
	switch {
	case value(top, "rule") != nil:
		w.visit("", top)
	case value(top, "destination") != nil:
		w.destination(top)
	default:
		w.table(top)
	}
	return w.found, nil
}

// A walker goes through the nodes of a file.
type walker struct {
	document
	file  string
	found []Mutant
}

// add notes a change of a stretch of the text at a node.
func (w *walker) add(at *yaml.Node, change string, from, to int, by string) {
	w.found = append(w.found, Mutant{
		At:   engine.Position{File: w.file, Line: at.Line, Column: at.Column},
		Line: strings.TrimSpace(w.line(at.Line)), Change: change, Text: w.replace(from, to, by),
	})
}

// What the keys of rules hold that can be changed.
func optional() []string {
	return []string{
		"when", "as", "required", "keep", "except", "table", "default", "keys", "remember", "learn", "forget",
		"idempotent", "pick", "pages", "query", "confirm", "rest", "code", "text",
	}
}

func expressions() []string {
	return []string{"when", "expr", "there", "found", "pick", "each", "next"}
}

// entry visits the key at an index of a mapping, and its value.
func (w *walker) entry(of *yaml.Node, i int) {
	key, value := of.Content[i], of.Content[i+1]
	if slices.Contains(optional(), key.Value) {
		w.drop(of, i)
	}
	if value.Kind == yaml.ScalarNode {
		w.scalar(of, key, value)
	}
	w.visit(key.Value, value)
}

// visit goes on below a value. A name such as that of a mapping is no key of the
// language, and does no harm here.
func (w *walker) visit(key string, n *yaml.Node) {
	for i, child := range n.Content {
		switch {
		case n.Kind == yaml.MappingNode && i%2 == 0:
			w.entry(n, i)
		case n.Kind == yaml.SequenceNode:
			w.item(key, n, i)
			w.visit("", child)
		}
	}
}

// drop takes away a key with its value.
func (w *walker) drop(of *yaml.Node, i int) {
	key := of.Content[i]
	from, to := w.offset(key), 0
	last, flow := i+2 == len(of.Content), of.Style&yaml.FlowStyle != 0
	switch {
	case flow && !last:
		to = w.offset(of.Content[i+2])
	case flow:
		to = w.flowEnd(w.offset(of.Content[i+1]))
		from = w.behindComma(from)
	case last:
		to = w.valueEnd(from, key.Column-1)
	default:
		to = w.lines[of.Content[i+2].Line-1]
	}
	w.add(key, "without "+key.Value, from, to, "")
}

// behindComma takes the comma before a place along; what is alone has none.
func (d document) behindComma(at int) int {
	before := strings.TrimRight(d.text[:at], " \t\r\n")
	if strings.HasSuffix(before, ",") {
		return len(before) - 1
	}
	return at
}

// scalar changes a value, or an expression.
func (w *walker) scalar(of, key, value *yaml.Node) {
	switch key.Value {
	case "value":
		w.swap(of, key, value, "another value", otherValue(value))
	case "idempotent":
		w.swap(of, key, value, "the contrary", strconv.FormatBool(value.Value != "true"))
	case "when":
		w.swap(of, key, value, "negated", quoted("not ("+value.Value+")"))
	}
	if slices.Contains(expressions(), key.Value) {
		w.operators(of, key, value)
	}
}

// operators changes one operator of an expression at a time.
func (w *walker) operators(of, key, value *yaml.Node) {
	for _, c := range swaps(value.Value) {
		w.swap(of, key, value, c.change, quoted(c.text))
	}
}

// swap puts another scalar in the place of the one behind a key.
func (w *walker) swap(of, key, value *yaml.Node, change, by string) {
	from := w.offset(value)
	to := w.scalarEnd(value, key.Column-1)
	if of.Style&yaml.FlowStyle != 0 {
		to = w.flowEnd(from)
	}
	w.add(value, change, from, to, by)
}

// otherValue gives a value of the same type.
func otherValue(n *yaml.Node) string {
	switch n.ShortTag() {
	case "!!bool":
		return strconv.FormatBool(n.Value != "true")
	case "!!int":
		return n.Value + "1"
	default:
		return quoted(n.Value + "x")
	}
}

// item takes one of several away. The only one goes with its key, which is a
// change of its own where that is possible.
func (w *walker) item(key string, of *yaml.Node, i int) {
	item := of.Content[i]
	if len(of.Content) == 1 && item.Kind == yaml.ScalarNode {
		return
	}
	from, to := w.offset(item), 0
	switch {
	case of.Style&yaml.FlowStyle == 0:
		dash := of.Column - 1
		from = w.lines[item.Line-1]
		to = w.blockEnd(from, dash)
	case i+1 < len(of.Content):
		to = w.offset(of.Content[i+1])
	default:
		to = w.flowEnd(from)
		from = w.behindComma(from)
	}
	by := ""
	if len(of.Content) == 1 {
		by = strings.Repeat(" ", of.Column) + "[]" // further than its key, in whose column the dash may be
	}
	w.add(item, "without "+itemName(item), from, to, by)
}

// itemName names an item by its value, or by what kind of thing it is.
func itemName(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return n.Value
	}
	for _, name := range []string{"to", "then", "by"} {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == name {
				return fmt.Sprintf("the line %s: %s", name, n.Content[i+1].Value)
			}
		}
	}
	switch {
	case value(n, "message") != nil:
		return "the requirement"
	case value(n, "status") != nil || value(n, "network") != nil:
		return "the line"
	default:
		return "the step"
	}
}
