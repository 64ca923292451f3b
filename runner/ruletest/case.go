package ruletest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/internal/spell"
)

// The names of the sections.
const (
	eventSection       = "event.json"
	eventsSection      = "events.ndjson"
	settingsSection    = "settings.yaml"
	repliesSection     = "replies.http"
	accountSection     = "account.json"
	wantSection        = "want"
	wantAccountSection = "want-account.json"
)

func sectionNames() []string {
	return []string{
		eventSection, eventsSection, settingsSection, repliesSection,
		accountSection, wantSection, wantAccountSection,
	}
}

// A scenario is a case as written.
type scenario struct {
	title    string
	events   [][]byte
	lines    []int // where each event is in the file
	settings map[string]any
	script   *script // nil without replies.http
	account  []byte  // nil without account.json

	// The expected texts; nil where the case does not have the section.
	want, wantAccount *string
}

// parse reads a case and reports everything that is wrong with it.
func parse(file []byte) (*scenario, error) {
	comment, sections := split(file)
	c := &scenario{title: strings.Join(strings.Fields(comment), " ")}
	problems := []error{c.checkTitle(), checkSections(sections)}
	for _, s := range sections {
		problems = append(problems, c.read(s))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *scenario) checkTitle() error {
	if c.title == "" {
		return errors.New("line 1: the case has to open with the sentence that it shows")
	}
	return nil
}

// checkSections looks at the names alone: what there is, twice, or not at all.
func checkSections(sections []section) error {
	var problems []error
	lines := map[string]int{}
	for _, s := range sections {
		problems = append(problems, checkName(s, lines[s.name]))
		lines[s.name] = s.line - 1
	}
	return errors.Join(append(problems, checkTogether(lines))...)
}

// checkName is given the line where the section stood before; 0 if nowhere.
func checkName(s section, before int) error {
	switch {
	case !slices.Contains(sectionNames(), s.name):
		return fmt.Errorf("line %d: unknown section %q. %s", s.line-1, s.name, spell.Advice(s.name, sectionNames()))
	case before != 0:
		return fmt.Errorf("line %d: the section %s stands in line %d already", s.line-1, s.name, before)
	}
	return nil
}

func checkTogether(lines map[string]int) error {
	has := func(name string) bool { return lines[name] != 0 }
	switch {
	case !has(eventSection) && !has(eventsSection):
		return fmt.Errorf("the case has no event: add a section %s or %s", eventSection, eventsSection)
	case has(eventSection) && has(eventsSection):
		return fmt.Errorf("line %d: a case has either %s or %s", lines[eventsSection], eventSection, eventsSection)
	case has(repliesSection) && has(accountSection):
		return fmt.Errorf("line %d: a case has either %s or, for a simulator, %s", lines[accountSection], repliesSection, accountSection)
	case has(repliesSection) && has(wantAccountSection):
		return fmt.Errorf("line %d: %s needs a simulator, and %s keeps it away", lines[wantAccountSection], wantAccountSection, repliesSection)
	}
	return nil
}

// read takes in one section. Unknown ones have been reported elsewhere.
func (c *scenario) read(s section) (err error) {
	switch s.name {
	case eventSection:
		c.lines = []int{s.line}
		c.events, err = readEvent(s)
	case eventsSection:
		c.events, c.lines, err = readEvents(s)
	case settingsSection:
		c.settings, err = readSettings(s)
	case repliesSection:
		c.script, err = readReplies(s)
	case accountSection:
		c.account = []byte(s.text)
	case wantSection:
		c.want = &s.text
	case wantAccountSection:
		c.wantAccount = &s.text
	}
	return err
}

// readEvent does not ask for valid JSON: what becomes of an event that is none
// is worth a case.
func readEvent(s section) ([][]byte, error) {
	event := strings.TrimSpace(s.text)
	if event == "" {
		return nil, fmt.Errorf("line %d: the section %s is empty", s.line, s.name)
	}
	return [][]byte{[]byte(event)}, nil
}

func readEvents(s section) (events [][]byte, lines []int, err error) {
	number := s.line
	for line := range strings.Lines(s.text) {
		if line = strings.TrimSpace(line); line != "" {
			events, lines = append(events, []byte(line)), append(lines, number)
		}
		number++
	}
	if len(events) == 0 {
		err = fmt.Errorf("line %d: the section %s is empty", s.line, s.name)
	}
	return events, lines, err
}

// readSettings puts empty lines before the text, so that the lines that a YAML
// error names are those of the file.
func readSettings(s section) (map[string]any, error) {
	var settings map[string]any
	text := strings.Repeat("\n", s.line-1) + s.text
	if err := yaml.Unmarshal([]byte(text), &settings); err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return settings, nil
}

// overlay lays the case's settings over the examples. Null takes one away:
// without that, a case could not leave one way to authenticate for another.
func (c *scenario) overlay(examples map[string]any) map[string]any {
	settings := make(map[string]any, len(examples)+len(c.settings))
	maps.Copy(settings, examples)
	maps.Copy(settings, c.settings)
	maps.DeleteFunc(settings, func(_ string, value any) bool { return value == nil })
	return settings
}
