package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// belowMapping is a target without the name of its mapping.
func belowMapping(target string) string {
	_, below, _ := strings.Cut(target, ".")
	return below
}

// A surveyJSON is a survey, for programs and for the screen.
type surveyJSON struct {
	Events     int              `json:"events"`
	Ignored    int              `json:"ignored"`
	Rejected   int              `json:"rejected"`
	Unreadable []*someRejected  `json:"unreadable"` // those that no rule could look at
	Rules      []ruleSurveyJSON `json:"rules"`
	Refused    []tellableJSON   `json:"refused"` // calls that the simulator refused
	Warnings   []tellableJSON   `json:"warnings"`
}

type ruleSurveyJSON struct {
	Rule     string            `json:"rule"`
	Events   int               `json:"events"` // of its kinds
	Took     int               `json:"took"`
	Rejected []tellableJSON    `json:"rejected"`
	Passed   int               `json:"passed"` // neither
	Missing  []missingPathJSON `json:"missing"`
	Paths    []typesJSON       `json:"paths"`
	Fields   []typesJSON       `json:"custom_fields"`
	LeftOut  []tellableJSON    `json:"left_out"`
	Misfits  []tellableJSON    `json:"other_type"`
}

type tellableJSON struct {
	What  string `json:"what,omitempty"`
	Why   string `json:"why"`
	Times int    `json:"times"`
}

type missingPathJSON struct {
	Path    string   `json:"path"`
	Places  []string `json:"places"`
	At      string   `json:"at"`
	Nearest string   `json:"nearest,omitempty"`
}

type typesJSON struct {
	Path  string         `json:"path"`
	Types map[string]int `json:"types"`
}

func (s *survey) forPrograms() surveyJSON {
	shown := surveyJSON{
		Events: s.events, Ignored: s.ignored, Rejected: s.rejected, Unreadable: slices.AppendSeq([]*someRejected{}, maps.Values(s.unreadable)),
		Rules: []ruleSurveyJSON{}, Refused: told(s.refused), Warnings: told(s.warned),
	}
	slices.SortFunc(shown.Unreadable, func(a, b *someRejected) int {
		return cmp.Or(cmp.Compare(b.Times, a.Times), cmp.Compare(a.Why, b.Why))
	})
	for _, r := range s.rules {
		shown.Rules = append(shown.Rules, r.forPrograms(s.version))
	}
	return shown
}

func (r *ruleSurvey) forPrograms(v version) ruleSurveyJSON {
	shown := ruleSurveyJSON{
		Rule: r.described.Name, Events: r.events, Took: r.took, Passed: r.events - r.took,
		Rejected: told(r.rejected), Missing: []missingPathJSON{}, Paths: []typesJSON{}, Fields: []typesJSON{},
		LeftOut: told(r.lost), Misfits: told(r.misfits),
	}
	for _, t := range shown.Rejected {
		shown.Passed -= t.Times
	}
	paths := pathsOf(r.described)
	for _, p := range paths {
		r.path(&shown, p, inRules(v, p.at), paths)
	}
	for _, to := range slices.Sorted(maps.Keys(r.made)) {
		shown.Fields = append(shown.Fields, typesJSON{to, r.made[to]})
	}
	return shown
}

// path adds a path of the rule: the types of each place that events have, or that
// none has it. Where there were no events, nothing is known of it.
func (r *ruleSurvey) path(shown *ruleSurveyJSON, p rulePath, at string, all []rulePath) {
	found := false
	for _, place := range p.places {
		known := func(other typesJSON) bool { return other.Path == place }
		if types := r.shape[place]; types != nil && !slices.ContainsFunc(shown.Paths, known) {
			shown.Paths = append(shown.Paths, typesJSON{place, types})
		}
		found = found || r.shape.has(place)
	}
	if found || r.events == 0 {
		return
	}
	missing := missingPathJSON{Path: p.path, Places: p.places, At: at}
	for _, place := range p.places {
		missing.Nearest = cmp.Or(missing.Nearest, maskedPath(r.shape.nearest(place, all)))
	}
	shown.Missing = append(shown.Missing, missing)
}

// told lists counts, the highest first.
func told(counts map[tellable]int) []tellableJSON {
	list := []tellableJSON{}
	for what, n := range counts {
		list = append(list, tellableJSON{what.what, what.why, n})
	}
	slices.SortFunc(list, func(a, b tellableJSON) int {
		return cmp.Or(cmp.Compare(b.Times, a.Times), cmp.Compare(a.What, b.What), cmp.Compare(a.Why, b.Why))
	})
	return list
}

// printSurvey writes a survey for a person.
func printSurvey(w io.Writer, look style, s surveyJSON) {
	fmt.Fprintf(w, "\n%s\n", look.bold(fmt.Sprintf("%s, %s ignored, %s rejected", count(s.Events, "event"), thousands(s.Ignored), thousands(s.Rejected))))
	if len(s.Unreadable) > 0 {
		fmt.Fprintln(w, "\nRejected before any rule looked at them")
	}
	printSome(w, s.Unreadable, "", func(some *someRejected) { printRowWrapped(w, some.Times, printable(some.String())) })
	for _, r := range s.Rules {
		fmt.Fprintf(w, "\n%s\n", look.bold("rule "+r.Rule))
		if r.Events == 0 {
			fmt.Fprintln(w, "  no event of the sample is for it")
			continue
		}
		r.print(w)
	}
	if len(s.Refused)+len(s.Warnings) > 0 {
		fmt.Fprintln(w)
	}
	printTold(w, "Refused by the simulator", s.Refused)
	printTold(w, "Warnings", s.Warnings)
}

func (r ruleSurveyJSON) print(w io.Writer) {
	printRow(w, r.Took, "taken")
	printSome(w, r.Rejected, "rejected: ", func(t tellableJSON) { printRowWrapped(w, t.Times, "rejected: "+printable(t.Why)) })
	if r.Passed > 0 {
		printRow(w, r.Passed, "passed over")
	}
	if len(r.Missing) > 0 {
		fmt.Fprintln(w, "  Paths that no event has")
	}
	printSome(w, r.Missing, "", func(m missingPathJSON) {
		text := strings.Join(m.Places, ", ")
		if m.Nearest != "" {
			text += "; did you mean " + m.Nearest + "?"
		}
		fmt.Fprintln(w, wrap("    "+printable(text)+" ("+m.At+")", "      "))
	})
	printTypes(w, "Paths that events have", r.Paths)
	printTypes(w, "Custom fields made of what no line reads", r.Fields)
	printTold(w, "Left out", r.LeftOut)
	printTold(w, "Fields of which the account has another type", r.Misfits)
}

func printTypes(w io.Writer, title string, list []typesJSON) {
	if len(list) > 0 {
		fmt.Fprintf(w, "  %s\n", title)
	}
	printSome(w, list, "", func(t typesJSON) {
		var types []string
		for _, kind := range slices.Sorted(maps.Keys(t.Types)) {
			types = append(types, thousands(t.Types[kind])+" "+kind)
		}
		fmt.Fprintln(w, wrap("    "+printable(t.Path)+": "+strings.Join(types, ", "), "      "))
	})
}

// printSome prints the first of a list, and how many more there are.
func printSome[T any](w io.Writer, list []T, what string, show func(T)) {
	for _, one := range list[:min(len(list), mostShown)] {
		show(one)
	}
	if more := len(list) - mostShown; more > 0 {
		fmt.Fprintf(w, "    %s%s more: --output json has them all\n", what, thousands(more))
	}
}

func printTold(w io.Writer, title string, list []tellableJSON) {
	if len(list) > 0 {
		fmt.Fprintf(w, "  %s\n", title)
	}
	printSome(w, list, "", func(t tellableJSON) {
		printRowWrapped(w, t.Times, printable(strings.TrimSuffix(t.What+": "+t.Why, ": ")))
	})
}
