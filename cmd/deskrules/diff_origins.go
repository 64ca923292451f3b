package main

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/deskrules/deskrules/engine"
)

// origins know of each line of the rules where its value is from, to tell what
// stands in the rules from what an event brought.
type origins struct {
	lines  map[engine.Position][]scoped
	scopes map[string]*scope // by rule
	// inner are the scopes of what the rules use, in which inputs have names.
	inner    map[string]*scope
	settings map[string]string // defaults, as JSON, by name
	tables   map[string]tableText
	texts    ruleTexts
}

// A scope holds what the names of a rule stand for.
type scope struct {
	file  string
	names map[string][]scoped
	// mappings are those of the rule: names of objects, of which each line makes
	// a part.
	mappings map[string][]engine.LineDescription
}

// A scoped source is read with the names of a scope.
type scoped struct {
	source engine.SourceDescription
	in     *scope
}

func originsOf(d engine.Description, texts ruleTexts) *origins {
	o := &origins{
		lines: map[engine.Position][]scoped{}, scopes: map[string]*scope{}, inner: map[string]*scope{},
		settings: map[string]string{}, tables: texts.tables(), texts: texts,
	}
	for _, s := range d.Settings {
		o.settings[s.Name] = string(s.Default)
	}
	for _, r := range d.Rules {
		o.rule(r, d.Procedures)
	}
	return o
}

func (o *origins) rule(r engine.RuleDescription, procedures []engine.ProcedureDescription) {
	outer, inner := newScope(r.At.File), newScope(destinationFile)
	o.scopes[r.Name], o.inner[r.Name] = outer, inner
	for _, v := range r.Vars {
		outer.name(v.Name, v.SourceDescription, outer)
	}
	for _, m := range r.Mappings {
		outer.mappings[m.Name] = m.Lines
		o.note(m.Lines, outer)
	}
	o.steps(r.Steps, outer, inner)
	for _, p := range procedures {
		o.steps(p.Steps, inner, inner)
	}
}

func newScope(file string) *scope {
	return &scope{file: file, names: map[string][]scoped{}, mappings: map[string][]engine.LineDescription{}}
}

func (s *scope) name(name string, source engine.SourceDescription, in *scope) {
	s.names[name] = append(s.names[name], scoped{source, in})
}

// steps notes the lines of steps, and what their names stand for. What a procedure
// gives is made of its inputs.
func (o *origins) steps(steps []engine.StepDescription, in, inner *scope) {
	for _, s := range steps {
		switch {
		case s.Let != nil:
			in.name(s.Name, *s.Let, in)
		case s.Call != nil:
			o.note(s.Call.Body, in)
		case s.Use != nil:
			for _, input := range s.Use.With {
				in.name(s.Name, input.SourceDescription, in)
				inner.name(input.Name, input.SourceDescription, in)
			}
		}
	}
}

func (o *origins) note(lines []engine.LineDescription, in *scope) {
	for _, line := range lines {
		if line.Rest == nil { // all of the rest is from an event
			o.lines[line.At] = append(o.lines[line.At], scoped{line.SourceDescription, in})
		}
	}
}

// scope gives the names that a line is written with.
func (o *origins) scope(rule string, at engine.Position) *scope {
	if s := o.scopes[rule]; s != nil && s.file == at.File {
		return s
	}
	return o.inner[rule]
}

// madeOf lists the paths that a line reads through the name of a step or an input,
// such as a procedure that is given a part of a mapping.
func (o *origins) madeOf(line engine.FieldExplanation, rule string) [][]string {
	in, keys := o.scope(rule, line.At), keysOf(line.From)
	if in == nil {
		return nil
	}
	var paths [][]string
	for _, s := range in.names[keys[0]] {
		for _, p := range slices.Concat(s.source.From, s.source.Reads) {
			paths = append(paths, slices.Concat(keysOf(p.Path), keys[1:]))
		}
	}
	return paths
}

// line gives the line behind a value, which is an entry of a table or a default where
// that is what the other version has otherwise.
func (o *origins) line(value fieldLine, other *origins, was, is string) engine.Position {
	if key, found := o.tables[value.table].entry(other.tables[value.table], was, is); found && value.found {
		return o.tables[value.table].entries[key]
	}
	if name := value.setting; value.found && name != "" && o.settings[name] != other.settings[name] {
		return o.texts.line(destinationFile, "settings", name, "default")
	}
	return value.at
}

// A standing is where in the rules a value stands. Its zero value is nowhere.
type standing struct {
	found          bool
	setting, table string // of which it is the default, or an entry
}

// deepest bounds how far a value is followed through names.
const deepest = 8

// of says whether a value, at keys below what a line makes, stands in the rules.
// The explanation of the line names the path that gave it.
func (o *origins) of(line engine.FieldExplanation, rule string, keys []string, raw string) standing {
	in := o.scope(rule, line.At)
	for _, s := range o.lines[line.At] {
		if s.in != in {
			continue
		}
		given := func(p engine.PathDescription) bool { return p.Path == line.From }
		if i := slices.IndexFunc(s.source.From, given); i >= 0 {
			s.source.From = s.source.From[i : i+1]
		}
		if found := o.source(s, keys, raw, deepest); found.found {
			return found
		}
	}
	return standing{}
}

func (o *origins) source(s scoped, keys []string, raw string, depth int) standing {
	d := s.source
	switch {
	case depth == 0:
		return standing{}
	case has(string(d.Value), keys, raw), has(string(d.Default), keys, raw), len(keys) == 0 && quotes(d.Expr, raw):
		return standing{found: true}
	case d.Table != "" && len(keys) == 0:
		return standing{o.tables[d.Table].gives(raw), "", d.Table}
	}
	paths := d.From
	if d.Expr != "" {
		paths, keys = d.Reads, nil
	}
	for _, p := range paths {
		if found := o.path(s.in, slices.Concat(keysOf(p.Path), keys), raw, depth-1); found.found {
			return found
		}
	}
	return standing{}
}

// path follows a path to what its name stands for.
func (o *origins) path(in *scope, keys []string, raw string, depth int) standing {
	name, below := keys[0], keys[1:]
	if name == "config" && len(below) > 0 {
		return standing{has(o.settings[below[0]], below[1:], raw), below[0], ""}
	}
	for _, s := range in.names[name] {
		if found := o.source(s, below, raw, depth); found.found {
			return found
		}
	}
	return o.mapping(in, in.mappings[name], below, raw, depth)
}

// mapping follows a place of a mapping to the lines that make it.
func (o *origins) mapping(in *scope, lines []engine.LineDescription, keys []string, raw string, depth int) standing {
	for _, line := range lines {
		rest, within := belowTarget(line.To, keys)
		if !within || line.Rest != nil {
			continue
		}
		if found := o.source(scoped{line.SourceDescription, in}, rest, raw, depth); found.found {
			return found
		}
	}
	return standing{}
}

// belowTarget gives the keys of a place that are below a target, whose dot is all.
func belowTarget(target string, keys []string) (below []string, within bool) {
	if target == "." || target == "" {
		return keys, true
	}
	for n := range keys {
		if strings.Join(keys[:n+1], ".") == strings.ReplaceAll(target, `\`, "") { // a key may have dots
			return keys[n+1:], true
		}
	}
	if wanted := keysOf(target); len(wanted) <= len(keys) && slices.EqualFunc(wanted, keys[:len(wanted)], sameKey) {
		return keys[len(wanted):], true
	}
	return nil, false
}

// sameKey compares a key of a target with one of a place, where every element of a
// list is #.
func sameKey(target, key string) bool {
	return target == key || key == "#" && target != "" && strings.Trim(target, "0123456789") == ""
}

// has reports whether a JSON value has another one at the end of some keys, of which
// # is that of any element.
func has(value string, keys []string, raw string) bool {
	v := gjson.Parse(value)
	if len(keys) == 0 {
		return value != "" && sameScalar(v, gjson.Parse(raw))
	}
	found := false
	v.ForEach(func(key, member gjson.Result) bool {
		if key.Str == keys[0] || keys[0] == "#" && v.IsArray() {
			found = found || has(member.Raw, keys[1:], raw)
		}
		return !found
	})
	return found
}

func sameScalar(a, b gjson.Result) bool {
	return a.Type == b.Type && a.String() == b.String()
}

// quotes reports whether an expression has a value as a text of its own.
func quotes(expression, raw string) bool {
	v := gjson.Parse(raw)
	if v.Type != gjson.String || v.Str == "" {
		return false
	}
	return slices.ContainsFunc([]string{`"`, `'`, "`"}, func(mark string) bool {
		return strings.Contains(expression, mark+v.Str+mark)
	})
}

// gives reports whether a value is that of an entry.
func (t tableText) gives(raw string) bool {
	for key, value := range t.values {
		if text := gjson.Parse(raw).String(); text == value || t.itself && text == key {
			return true
		}
	}
	return false
}

// entry gives the key by which one table gives a value, and the other one another,
// or none. Of several it is the first.
func (t tableText) entry(other tableText, was, is string) (key string, found bool) {
	before, after := gjson.Parse(was).String(), gjson.Parse(is).String()
	for k, value := range t.values {
		otherwise := other.values[k]
		if value == before && otherwise != value && (is == "" || otherwise == after) && (!found || k < key) {
			key, found = k, true
		}
	}
	return key, found
}
