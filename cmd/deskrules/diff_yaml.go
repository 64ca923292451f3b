package main

import (
	"io/fs"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/engine"
)

// ruleTexts are the files of a version as they are written, for the lines that the
// engine does not name: those of settings, of entries of tables, of conditions.
type ruleTexts map[string]*yaml.Node

const destinationFile = "destination.yaml"

// readTexts reads the files that a program was made of.
func readTexts(files fs.FS, d engine.Description) ruleTexts {
	texts := ruleTexts{}
	texts.read(files, destinationFile)
	for _, r := range d.Rules {
		texts.read(files, r.At.File)
	}
	for _, table := range pairsOf(texts.find(destinationFile, "tables")) {
		if file := valueOf(table.value, "file"); file != nil {
			texts.read(files, file.Value)
		}
	}
	return texts
}

// read reads a file. The engine has read it before and found nothing wrong.
func (t ruleTexts) read(files fs.FS, name string) {
	var root yaml.Node
	text, err := fs.ReadFile(files, name)
	if err == nil && yaml.Unmarshal(text, &root) == nil && len(root.Content) > 0 {
		t[name] = root.Content[0]
	}
}

// find gives what stands behind keys; nil where they are not there.
func (t ruleTexts) find(file string, keys ...string) *yaml.Node {
	n := t[file]
	for _, key := range keys {
		n = valueOf(n, key)
	}
	return n
}

// line gives the line of the last of some keys; none where they are not there.
func (t ruleTexts) line(file string, keys ...string) engine.Position {
	last := len(keys) - 1
	key := memberOf(pairsOf(t.find(file, keys[:last]...)), keys[last]).key
	if key == nil {
		return engine.Position{}
	}
	return engine.Position{File: file, Line: key.Line, Column: key.Column}
}

// A pair is a member of a YAML mapping.
type pair struct{ key, value *yaml.Node }

func pairsOf(n *yaml.Node) []pair {
	var all []pair
	if n = aliased(n); n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		all = append(all, pair{n.Content[i], aliased(n.Content[i+1])})
	}
	return all
}

func valueOf(n *yaml.Node, key string) *yaml.Node {
	return memberOf(pairsOf(n), key).value
}

// memberOf gives the pair of a key; one of nothing where it is not there.
func memberOf(all []pair, key string) pair {
	i := slices.IndexFunc(all, func(p pair) bool { return p.key.Value == key })
	if i < 0 {
		return pair{}
	}
	return all[i]
}

func aliased(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// A tableText is a table as it is written.
type tableText struct {
	entries map[string]engine.Position // by key
	values  map[string]string
	itself  bool // each value stands for itself, too
}

// tables gives the tables of a version by their names.
func (t ruleTexts) tables() map[string]tableText {
	all := map[string]tableText{}
	for _, table := range pairsOf(t.find(destinationFile, "tables")) {
		file, entries := destinationFile, valueOf(table.value, "entries")
		if named := valueOf(table.value, "file"); named != nil {
			file, entries = named.Value, t[named.Value]
		}
		read := tableText{entries: map[string]engine.Position{}, values: map[string]string{}}
		if itself := valueOf(table.value, "itself"); itself != nil {
			read.itself = itself.Value == "true"
		}
		for _, entry := range pairsOf(entries) {
			read.entries[entry.key.Value] = engine.Position{File: file, Line: entry.key.Line, Column: entry.key.Column}
			read.values[entry.key.Value] = entry.value.Value
		}
		all[table.key.Value] = read
	}
	return all
}
