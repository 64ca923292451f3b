package engine

import (
	"slices"
	"strings"
)

// Certainties are what every event has that comes to the mappings and steps of
// a rule: settings with a default, what it requires, and what follows from that.
type certainties struct {
	labels map[string]bool   // paths as the rule writes them
	types  map[string]string // what a label is known to fit
}

func certain(p *Program, r *rule) *certainties {
	c := &certainties{map[string]bool{}, map[string]string{}}
	for _, s := range p.settings {
		// A text may be set to nothing.
		c.labels["config."+s.Name] = s.fallback != "" && s.Type != "string"
	}
	for _, q := range r.requires {
		if q.when == nil && len(q.reads) == 1 {
			c.labels[q.reads[0].said.text] = true
		}
	}
	for _, v := range slices.Backward(r.vars) {
		c.variable(v)
	}
	for _, m := range r.mappings {
		c.mapping(m)
	}
	return c
}

// variable draws what follows from a var that is there: so is the only place
// that it can be from.
func (c *certainties) variable(v *binding) {
	if v.source.as != nil {
		c.types[v.name] = v.source.as.name
	}
	if c.labels[v.name] && len(v.source.labels) == 1 && v.source.fallback == "" {
		c.labels[v.source.labels[0]] = true
	}
}

// mapping draws what a mapping always holds.
func (c *certainties) mapping(m *mappingBinding) {
	m.mapping.root.walk(func(t *target) {
		for _, line := range t.lines {
			if line.when == nil && (line.literal != "" || line.fallback != "" || c.gives(line)) {
				c.labels[m.name], c.labels[joinDots(m.name, t.label)] = true, true
			}
		}
	})
}

// gives reports whether a source always gives something. Where nothing is known
// it does not.
func (c *certainties) gives(s *sourced) bool {
	return c != nil && s.table == nil && slices.ContainsFunc(s.labels, func(label string) bool {
		return (s.as == nil || s.as.name == c.types[label]) && c.holds(label, s.except)
	})
}

// holds reports whether a label is certain, even without some of its members.
func (c *certainties) holds(label string, except []string) bool {
	if len(except) == 0 {
		return c.labels[label]
	}
	for known := range c.labels {
		below, within := strings.CutPrefix(known, label+".")
		member, _, _ := strings.Cut(below, ".")
		if within && !slices.Contains(except, member) {
			return true
		}
	}
	return false
}
