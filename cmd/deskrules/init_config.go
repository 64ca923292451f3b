package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/deskrules/deskrules/engine"
)

// firstConfig is a deskrules.yaml in which all settings are explained and none
// is set: rules can be checked, tested and simulated without any, and what a
// real account needs should not be there by half.
func firstConfig(program *engine.Program) string {
	c := configWriter{program: program, described: program.Describe()}
	fmt.Fprintf(&c.text, `# Which destination, and its settings. deskrules reads this file from the folder
# it is started in. To check, test and simulate rules takes no settings.
destination: %s
# The folder of the rules, seen from here. Without the line: those built in.
rules: %s

# To deliver to a real account, take the first "# " off each of the lines below,
# and fill in what they ask for. ${NAME} takes the environment variable NAME, so
# that no secret stands in this file.

# settings:
`, program.Name(), initRules)
	c.required()
	for i, way := range c.described.Authentication {
		c.way(way, i == 0)
	}
	c.others()
	return c.text.String()
}

// A configWriter writes settings as lines of comments.
type configWriter struct {
	program   *engine.Program
	described engine.Description
	text      strings.Builder
	written   []string // settings that have a line
}

func (c *configWriter) required() {
	for _, s := range c.described.Settings {
		if s.Required {
			c.setting(s, "")
		}
	}
}

// way writes the settings of a way to authenticate. All but the first stay
// comments when the config is put to use: exactly one may be complete.
func (c *configWriter) way(way engine.AuthenticationDescription, first bool) {
	off := "# "
	if first {
		off = ""
	} else {
		c.paragraph("Or another way to authenticate, in its place:")
	}
	if way.Warning != "" {
		c.comment(way.Warning)
	}
	for _, s := range c.described.Settings {
		if slices.Contains(way.Needs, s.Name) && !slices.Contains(c.written, s.Name) {
			c.setting(s, off)
		}
	}
}

// others writes what has a default, or may be left out.
func (c *configWriter) others() {
	begun := false
	for _, s := range c.described.Settings {
		if slices.Contains(c.written, s.Name) {
			continue
		}
		if !begun {
			c.paragraph("All else may stay as it is:")
			begun = true
		}
		c.setting(s, "# ")
	}
}

// setting writes one setting below its title. off makes a comment of it that
// stays one.
func (c *configWriter) setting(s engine.SettingDescription, off string) {
	c.written = append(c.written, s.Name)
	if s.Title != "" {
		c.comment(s.Title)
	}
	fmt.Fprintf(&c.text, "#   %s%s: %s\n", off, s.Name, c.value(s))
}

func (c *configWriter) value(s engine.SettingDescription) string {
	example, hasExample := c.program.Examples()[s.Name]
	switch {
	case s.Secret:
		return "${" + variableOf(c.program, s.Name) + "}"
	case len(s.Default) > 0:
		return unquoted(string(s.Default))
	case hasExample:
		return unquoted(jsonText(example))
	default:
		return "..."
	}
}

var quotedWord = regexp.MustCompile(`^"([A-Za-z][A-Za-z-]*)"$`)

// unquoted takes the quotes off a word that YAML takes for text without them.
func unquoted(value string) string {
	word := quotedWord.FindStringSubmatch(value)
	if word == nil || slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}, strings.ToLower(word[1])) {
		return value
	}
	return word[1]
}

func (c *configWriter) paragraph(text string) {
	c.text.WriteString("#\n")
	c.comment(text)
	c.text.WriteString("#\n")
}

// comment writes text as a comment of the settings.
func (c *configWriter) comment(text string) {
	const mark = "#   # "
	indent := strings.Repeat(" ", len(mark))
	for line := range strings.SplitSeq(wrap(indent+printable(text), indent), "\n") {
		c.text.WriteString(mark + strings.TrimSpace(line) + "\n")
	}
}
