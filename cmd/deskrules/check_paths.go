package main

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/spell"
)

// mostPaths bounds what is kept of the shape of events, whose keys may be data.
const mostPaths = 5000

// A shape is what places events have, and of what types.
type shape map[string]map[string]int

// add takes down the places of an event.
func (s shape) add(event []byte) {
	if gjson.ValidBytes(event) {
		s.value("event", gjson.ParseBytes(event))
	}
}

func (s shape) value(at string, v gjson.Result) {
	if s[at] == nil {
		if len(s) == mostPaths {
			return
		}
		s[at] = map[string]int{}
	}
	s[at][typeOf(v)]++
	if v.IsObject() {
		v.ForEach(func(key, member gjson.Result) bool {
			s.value(at+"."+key.Str, member)
			return true
		})
	}
}

// typeOf names the type of a value as people do.
func typeOf(v gjson.Result) string {
	switch {
	case v.Type == gjson.String && v.Str == "":
		return "empty"
	case v.Type == gjson.String:
		return "string"
	case v.Type == gjson.Number:
		return "number"
	case v.IsBool():
		return "boolean"
	case v.IsArray():
		return "array"
	case v.IsObject():
		return "object"
	default:
		return "null"
	}
}

// has reports whether some event has something at a place. What lies within an
// array is not looked at: it counts as there where the array is.
func (s shape) has(at string) bool {
	if s[at] != nil {
		return true
	}
	for above := at; strings.Contains(above, "."); {
		above = above[:strings.LastIndexByte(above, '.')]
		if s[above]["array"] > 0 {
			return true
		}
	}
	return false
}

// nearest gives the place that was probably meant, one that is spelt alike at each
// of its keys; empty for none. What the rule reads already is not what it misses.
func (s shape) nearest(at string, read []rulePath) string {
	keys := strings.Split(at, ".")
	best, distance := "", math.MaxInt
	for _, place := range slices.Sorted(maps.Keys(s)) {
		known := func(p rulePath) bool { return slices.Contains(p.places, place) }
		if d, near := apart(keys, strings.Split(place, ".")); near && d < distance && !slices.ContainsFunc(read, known) {
			best, distance = place, d
		}
	}
	return best
}

// apart tells how far two paths are from each other, and whether they are near: as
// long, and each key like the other.
func apart(a, b []string) (distance int, near bool) {
	if len(a) != len(b) {
		return 0, false
	}
	for i, key := range a {
		if spell.Nearest(key, b[i:i+1]) == "" {
			return 0, false
		}
		distance += spell.Distance(strings.ToLower(key), strings.ToLower(b[i]))
	}
	return distance, true
}

// A rulePath is a path that a rule reads, with the places it stands for.
type rulePath struct {
	path   string
	places []string
	at     engine.Position
}

// pathsOf lists what a rule reads of events, each path once.
func pathsOf(r engine.RuleDescription) []rulePath {
	var all []rulePath
	add := func(at engine.Position, paths ...engine.PathDescription) {
		for _, p := range paths {
			known := func(other rulePath) bool { return slices.Equal(other.places, p.Event) }
			if len(p.Event) > 0 && !slices.ContainsFunc(all, known) {
				all = append(all, rulePath{p.Path, p.Event, at})
			}
		}
	}
	for _, v := range r.Vars {
		add(v.At, slices.Concat(v.From, v.Reads)...)
	}
	for _, q := range r.Requires {
		add(q.At, q.From...)
	}
	for _, m := range r.Mappings {
		addLines(m.Lines, add)
	}
	for _, s := range r.Steps {
		if s.Call != nil {
			addLines(s.Call.Body, add)
		}
		if s.Let != nil {
			add(s.Let.At, slices.Concat(s.Let.From, s.Let.Reads)...)
		}
	}
	return all
}

func addLines(lines []engine.LineDescription, add func(engine.Position, ...engine.PathDescription)) {
	for _, line := range lines {
		add(line.At, slices.Concat(line.From, line.Reads)...)
		if line.Rest != nil {
			add(line.At, line.Rest.Of)
		}
	}
}

// restLines are the places of the lines that take what no other line reads.
func restLines(r engine.RuleDescription) map[engine.Position]bool {
	found := map[engine.Position]bool{}
	for _, m := range r.Mappings {
		for _, line := range m.Lines {
			if line.Rest != nil {
				found[line.At] = true
			}
		}
	}
	return found
}
