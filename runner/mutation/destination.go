package mutation

import "gopkg.in/yaml.v3"

// destination changes what golden cases can notice of destination.yaml. What it
// says of pacing (rate limits, the circuit, how long to wait, the order of
// events) and of how to get in, cases do not see by design.
func (w *walker) destination(top *yaml.Node) {
	for i := 0; i+1 < len(top.Content); i += 2 {
		switch key, value := top.Content[i].Value, top.Content[i+1]; key {
		case "lookups", "procedures", "errors", "paging":
			w.entry(top, i)
		case "rules":
			w.visit(key, value)
		case "match":
			w.dropKey(value, "case")
		case "settings":
			each(value, w.setting)
		case "retry":
			w.retry(value)
		case "tables":
			each(value, w.tableNode)
		}
	}
}

// dropKey takes away a key, where it is there.
func (w *walker) dropKey(n *yaml.Node, key string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			w.drop(n, i)
		}
	}
}

// setting changes what holds without the setting, and what of it is refused.
func (w *walker) setting(n *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch key, value := n.Content[i], n.Content[i+1]; key.Value {
		case "required", "pattern":
			w.drop(n, i)
		case "check":
			w.drop(n, i)
			w.operators(n, key, value)
		case "default":
			w.swap(n, key, value, "another value", otherValue(value))
		}
	}
}

// retry changes which calls are made again, and when that ends. How long is
// waited in between makes no difference to what is sent.
func (w *walker) retry(n *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch key, value := n.Content[i], n.Content[i+1]; key.Value {
		case "attempts", "elapsed":
			w.swap(n, key, value, "another value", "1"+value.Value)
		case "when", "not_taken", "stop":
			w.conditions(key.Value, value)
		}
	}
}

// conditions takes away a line, a status or a failure at a time.
func (w *walker) conditions(key string, lines *yaml.Node) {
	for i, line := range lines.Content {
		if len(lines.Content) == 1 {
			w.otherStatus(line)
		} else {
			w.item(key, lines, i)
		}
		w.visit("", line)
	}
}

// otherStatus changes the status of an only line: without any line the defaults
// of the language hold, which may say the same.
func (w *walker) otherStatus(line *yaml.Node) {
	const teapot = "418" // no destination answers so
	for i := 0; i+1 < len(line.Content); i += 2 {
		if key, value := line.Content[i], line.Content[i+1]; key.Value == "status" && value.Kind == yaml.ScalarNode {
			w.swap(line, key, value, teapot+" for "+value.Value, teapot)
		}
	}
}

// tableNode changes a table as the destination declares it.
func (w *walker) tableNode(n *yaml.Node) {
	w.dropKey(n, "itself")
	if entries := value(n, "entries"); entries != nil {
		w.table(entries)
	}
}

// smallTable is how many entries a table has at most of which each is changed. A
// larger one is data, of which a case for each entry would be a copy.
const smallTable = 20

// table changes entries of a table: all of a small one, and the first, the middle
// and the last of a large one.
func (w *walker) table(n *yaml.Node) {
	entries := len(n.Content) / 2
	for i := range entries {
		if entries > smallTable && i != 0 && i != entries/2 && i != entries-1 {
			continue
		}
		w.drop(n, 2*i)
		if n.Content[2*i+1].Kind == yaml.ScalarNode {
			w.swap(n, n.Content[2*i], n.Content[2*i+1], "another value", otherValue(n.Content[2*i+1]))
		}
	}
}
