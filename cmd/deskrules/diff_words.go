package main

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/engine"
)

// ruleWords are what rules say in words of their own, which is nobody's: where a
// reason or the name of a field has them, they are shown.
type ruleWords struct {
	words    map[string]bool // event types, paths, and targets with their keys
	paths    []wording       // of calls, the most telling first
	messages []ruleMessage
	queries  map[string][]wording // by the name of the part
	settings map[string]string    // defaults, as JSON, by config.NAME
}

// A wording is a template: text of the rules around values that are put in.
type wording struct {
	pattern *regexp.Regexp
	labels  []string // of the values
	telling int      // how much of it is the rules' own
}

// A ruleMessage is what a line says of an event.
type ruleMessage struct {
	wording
	at engine.Position
}

// wordingOf reads a template. Values match what a pattern says, and behind it comes
// what another one says.
func wordingOf(template, value, behind string) wording {
	w, pattern := wording{}, "^"
	for template != "" {
		literal, label, rest := templatePart(template)
		pattern += regexp.QuoteMeta(literal)
		w.telling += len(literal)
		if label != "" {
			pattern += value
			w.labels = append(w.labels, label)
		}
		template = rest
	}
	w.pattern = regexp.MustCompile("(?s)" + pattern + behind)
	return w
}

// templatePart cuts the text up to the first value off a template, and its label. A
// brace that is meant as one is written twice.
func templatePart(template string) (literal, label, rest string) {
	for template != "" {
		switch {
		case strings.HasPrefix(template, "{{"), strings.HasPrefix(template, "}}"):
			literal, template = literal+template[:1], template[2:]
		case template[0] == '{':
			label, rest, _ = strings.Cut(template[1:], "}")
			return literal, label, rest
		default:
			literal, template = literal+template[:1], template[1:]
		}
	}
	return literal, "", ""
}

// pathWording reads the path of a call, where a value is a part.
func pathWording(template string) wording { return wordingOf(template, "([^/]*)", "$") }

// messageWording reads a message. Its values match as much as possible: what is
// between two of them might be a part of one.
func messageWording(template string) wording { return wordingOf(template, "(.*)", `(?:$|; | \()`) }

// rewrite writes a text in which a wording is found with its values changed, and
// gives what is behind it.
func (w wording) rewrite(text string, value func(label, value string) string) (rewritten, behind string, found bool) {
	at := w.pattern.FindStringSubmatchIndex(text)
	if at == nil {
		return "", text, false
	}
	end := 0
	for i, label := range w.labels {
		from, to := at[2*i+2], at[2*i+3]
		rewritten += text[end:from] + value(label, text[from:to])
		end = to
	}
	return rewritten + text[end:at[1]], text[at[1]:], true
}

// wordsOf collects the words of rules.
func wordsOf(d engine.Description) *ruleWords {
	w := &ruleWords{words: map[string]bool{}, queries: map[string][]wording{}, settings: map[string]string{}}
	for _, s := range d.Settings {
		w.words[s.Name] = true
		w.settings["config."+s.Name] = string(s.Default)
	}
	for _, r := range d.Rules {
		w.rule(r)
	}
	for _, l := range d.Lookups {
		for _, way := range l.Ways {
			w.steps(way.Steps, nil)
		}
	}
	for _, p := range d.Procedures {
		w.steps(p.Steps, p.Inputs)
	}
	slices.SortStableFunc(w.paths, func(a, b wording) int { return cmp.Compare(b.telling, a.telling) })
	return w
}

func (w *ruleWords) rule(r engine.RuleDescription) {
	w.words[r.Name] = true
	for _, name := range r.Events {
		w.words[name] = true
	}
	for _, v := range r.Vars {
		w.source(v.SourceDescription)
	}
	for _, q := range r.Requires {
		w.reads(q.From)
		w.message(q.At, q.Message)
	}
	for _, m := range r.Mappings {
		w.lines(m.Name, m.Lines)
	}
	w.steps(r.Steps, nil)
}

func (w *ruleWords) steps(steps []engine.StepDescription, inputs []engine.ProcedureInputDescription) {
	for _, s := range steps {
		w.message(s.At, s.Message)
		if s.Let != nil {
			w.source(*s.Let)
		}
		if s.Call != nil {
			w.call(*s.Call, inputs)
		}
	}
}

func (w *ruleWords) call(c engine.CallDescription, inputs []engine.ProcedureInputDescription) {
	w.path(c.Path, inputs)
	w.lines("", c.Body)
	w.query(c.Query)
	w.arms(c.On)
	if c.Confirm != nil {
		w.path(c.Confirm.Path, inputs)
		w.query(c.Confirm.Query)
		w.arms(c.Confirm.On)
	}
}

func (w *ruleWords) path(template string, inputs []engine.ProcedureInputDescription) {
	template = withConstants(template, inputs)
	w.words[template] = true
	w.paths = append(w.paths, pathWording(template))
}

func (w *ruleWords) query(parts []engine.NamedText) {
	for _, part := range parts {
		w.words[part.Name], w.words[part.Value] = true, true
		w.queries[part.Name] = append(w.queries[part.Name], wordingOf(part.Value, "(.*)", "$"))
	}
}

func (w *ruleWords) arms(arms []engine.ArmDescription) {
	for _, a := range arms {
		w.message(a.At, a.Message)
	}
}

func (w *ruleWords) message(at engine.Position, template string) {
	if template != "" {
		w.messages = append(w.messages, ruleMessage{messageWording(template), at})
	}
}

// said lists the messages of a line, or of a file where there is no line.
func (w *ruleWords) said(in engine.Position) []wording {
	var all []wording
	for _, m := range w.messages {
		if m.at.File == in.File && (in.Line == 0 || m.at.Line == in.Line) {
			all = append(all, m.wording)
		}
	}
	return all
}

func (w *ruleWords) lines(name string, lines []engine.LineDescription) {
	for _, line := range lines {
		w.words[line.To], w.words[name+"."+line.To] = true, true
		for _, key := range keysOf(line.To) {
			w.words[key] = true
		}
		w.source(line.SourceDescription)
	}
}

// keysOf takes a target apart.
func keysOf(target string) []string { return strings.Split(strings.ReplaceAll(target, `\`, ""), ".") }

func (w *ruleWords) source(d engine.SourceDescription) {
	w.reads(d.From)
	w.reads(d.Reads)
}

func (w *ruleWords) reads(paths []engine.PathDescription) {
	for _, p := range paths {
		w.words[p.Path] = true
		for _, in := range p.Event {
			w.words[in] = true
		}
	}
}
