// Package rulefmt lays out rule files: the order of keys, the spaces within
// braces, columns, and blank lines. It works on the text, at the places that the
// nodes of YAML name, since an encoder would lose comments and style.
//
//	order.go    the order of keys, by construct
//	blocks.go   keys on lines of their own, moved with their comments
//	flow.go     what stands in braces and brackets, on one line
//	columns.go  lines below each other
//	same.go     whether two texts mean the same
//
// What cannot be laid out safely stays as it is: where the result does not mean
// the same as before, down to the last comment, there is no result.
package rulefmt

import (
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/engine"
)

// Format lays out a file. What is no rule file comes back as it is.
func Format(text string) string {
	if strings.ContainsAny(text, "\r\t\u0085\u2028\u2029\ufeff") {
		return text // an editor shows other lines than YAML reads
	}
	const most = 10
	laidOut := text
	for range most { // one line moves and gives another one its column
		next := once(laidOut)
		if next == laidOut {
			return laidOut
		}
		laidOut = next
	}
	return text
}

func once(text string) string {
	for _, pass := range []func(string) string{tidyLines, orderKeys, alignLines} {
		if next := pass(text); sameMeaning(text, next) {
			text = next
		}
	}
	return text
}

// orderKeys moves the keys of one construct after the other, until all are in
// order: each move gives other places to what comes behind.
func orderKeys(text string) string {
	for range strings.Count(text, "\n") + 1 {
		next := text
		visit(text, func(n *yaml.Node, c *engine.Construct) bool {
			next = arrange(text, n, c)
			return next == text
		})
		if next == text || !sameMeaning(text, next) {
			break
		}
		text = next
	}
	return text
}

// document reads the one mapping that a rule file is; nil for all else.
func document(text string) *yaml.Node {
	var n yaml.Node
	if yaml.Unmarshal([]byte(text), &n) != nil || len(n.Content) != 1 || n.Content[0].Kind != yaml.MappingNode {
		return nil
	}
	return n.Content[0]
}

// visit goes through the constructs of a file, until see says that it is enough.
func visit(text string, see func(n *yaml.Node, c *engine.Construct) bool) {
	root := document(text)
	if root == nil {
		return
	}
	switch {
	case has(root, "destination"):
		walk(root, engine.DestinationForm(), see)
	case has(root, "rule"):
		walk(root, engine.RuleForm(), see)
	}
}

func has(n *yaml.Node, key string) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return true
		}
	}
	return false
}

func walk(n *yaml.Node, f engine.Form, see func(*yaml.Node, *engine.Construct) bool) bool {
	for _, choice := range f.Any {
		if fits(n, choice) && !walk(n, choice, see) {
			return false
		}
	}
	switch {
	case f.Keys != nil && n.Kind == yaml.MappingNode:
		return see(n, f.Keys) && walkKeys(n, f.Keys, see)
	case f.Values != nil && n.Kind == yaml.MappingNode:
		for i := 1; i < len(n.Content); i += 2 {
			if !walk(n.Content[i], *f.Values, see) {
				return false
			}
		}
	case f.Items != nil && n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			if !walk(item, *f.Items, see) {
				return false
			}
		}
	}
	return true
}

func fits(n *yaml.Node, f engine.Form) bool {
	return f.Items != nil && n.Kind == yaml.SequenceNode || (f.Keys != nil || f.Values != nil) && n.Kind == yaml.MappingNode
}

func walkKeys(n *yaml.Node, c *engine.Construct, see func(*yaml.Node, *engine.Construct) bool) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		for _, key := range c.Keys {
			if key.Name == n.Content[i].Value && !walk(n.Content[i+1], key.Form, see) {
				return false
			}
		}
	}
	return true
}

// arrange puts the keys of one mapping in order.
func arrange(text string, n *yaml.Node, c *engine.Construct) string {
	if n.Style&yaml.FlowStyle != 0 {
		return arrangeFlow(text, n, c)
	}
	return arrangeBlock(text, n, c)
}

// tidyLines takes off spaces at the ends of lines, and blank lines that are too
// many. Where that changes a text of several lines, nothing is tidied.
func tidyLines(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \n")
		if line != "" || len(lines) > 0 && lines[len(lines)-1] != "" {
			lines = append(lines, line)
		}
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}
