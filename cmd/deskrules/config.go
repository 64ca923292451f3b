package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/spell"
)

// defaultConfig is the config file that is read without being named.
const defaultConfig = "deskrules.yaml"

// A configFile is deskrules.yaml: which destination, which rules, and the
// settings. Its zero value is the config of somebody who has none.
type configFile struct {
	name        string
	destination placed
	rules       placed // the folder, seen from where the command was started; empty for those built in
	hasSettings bool   // the key settings is there
	settings    map[string]any
	places      map[string]engine.Position // of each setting's name
	unreadable  map[string]bool            // settings whose value is a finding
	incomplete  bool                       // there may be settings that were not understood
}

// placed is a text and where it stands.
type placed struct {
	text string
	at   engine.Position
}

// unsetVariables says what becomes of a setting that needs an environment
// variable which is not set.
type unsetVariables int

const (
	refuseUnset unsetVariables = iota // a finding
	omitUnset                         // as if the setting were not there: nothing real is at stake
)

// loadConfig reads the config that was named, or the default one if there is
// one.
func (s sources) loadConfig(sh shell) (configFile, error) {
	name := s.config
	if name == "" {
		name = defaultConfig
	}
	text, err := os.ReadFile(name)
	if s.config == "" && errors.Is(err, fs.ErrNotExist) {
		return configFile{}, nil
	}
	if err != nil {
		return configFile{}, fmt.Errorf("config %s: %w", name, pathError(err))
	}
	return parseConfig(name, string(text), sh.env, s.unset)
}

// parseConfig reads the text of a config file strictly: what it does not
// understand is a finding, and all findings come at once.
func parseConfig(name, text string, env func(string) (string, bool), unset unsetVariables) (configFile, error) {
	parser := configParser{
		file: configFile{
			name: name, settings: map[string]any{}, places: map[string]engine.Position{}, unreadable: map[string]bool{},
		},
		env:   env,
		unset: unset,
	}
	if root := parser.document(text); root != nil {
		parser.keys(root, parser.topLevel)
	}
	if len(parser.findings) > 0 {
		return parser.file, parser.findings
	}
	return parser.file, nil
}

// finding is a diagnostic about a place of the config. It shows nothing of the
// line: a secret whose lines are badly indented may begin anywhere.
func (c configFile) finding(at engine.Position, summary, detail string) engine.Diagnostic {
	return engine.Diagnostic{Severity: engine.SeverityError, Summary: summary, Detail: detail, At: at}
}

// A configParser collects findings while it reads.
type configParser struct {
	file     configFile
	env      func(string) (string, bool)
	unset    unsetVariables
	findings engine.Diagnostics
	torn     bool // a text is missing, and what looks like a key may be a part of it
}

func (p *configParser) refuse(node *yaml.Node, detail, format string, args ...any) {
	at := engine.Position{File: p.file.name, Line: node.Line, Column: node.Column}
	p.findings = append(p.findings, p.file.finding(at, fmt.Sprintf(format, args...), detail))
}

// document gives the mapping that the file consists of, nil where it holds
// nothing (or nothing that can be read).
func (p *configParser) document(text string) *yaml.Node {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	var document, more yaml.Node
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		p.findings = append(p.findings, p.syntaxFinding(text, err))
		p.file.incomplete = true
		return nil
	}
	if decoder.Decode(&more) == nil {
		p.refuse(&more, "", "a config file is one YAML document")
	}
	return document.Content[0]
}

// syntaxFinding places an error of the YAML library, whose texts begin with
// "yaml: line N: ". It names no line where the error is in the first one.
func (p *configParser) syntaxFinding(text string, err error) engine.Diagnostic {
	problem := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if match := regexp.MustCompile(`^line (\d+): (.*)`).FindStringSubmatch(problem); match != nil {
		line, _ = strconv.Atoi(match[1])
		problem = match[2]
	}
	// An alias is named by what follows its asterisk, which may be a secret
	// that somebody forgot to quote.
	if strings.HasPrefix(problem, "unknown anchor") {
		problem = "unknown anchor (a value that begins with * needs quotes)"
	}
	at := engine.Position{File: p.file.name, Line: line, Column: 1}
	if lines := strings.Split(text, "\n"); line <= len(lines) {
		at.Column += len(lines[line-1]) - len(strings.TrimLeft(lines[line-1], " "))
	}
	return p.file.finding(at, "this is not YAML: "+problem, "")
}

// keys calls read for each member of a mapping and refuses what is said twice.
func (p *configParser) keys(node *yaml.Node, read func(key, value *yaml.Node)) {
	if node.Kind != yaml.MappingNode {
		p.refuse(node, "", "keys and values are expected here")
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if p.torn {
			return
		}
		if line, twice := seen[key.Value]; twice {
			p.refuse(key, "", "%q is already in line %d", key.Value, line)
			continue
		}
		seen[key.Value] = key.Line
		read(key, value)
	}
}

func (p *configParser) topLevel(key, value *yaml.Node) {
	switch key.Value {
	case "destination":
		p.file.destination = p.text(value, "the destination is a name")
	case "rules":
		p.file.rules = p.folder(value)
	case "settings":
		p.file.hasSettings = true
		if value.Tag != "!!null" {
			p.keys(value, p.setting)
		}
	default:
		p.file.incomplete = true
		p.refuse(key, spell.Advice(key.Value, []string{"destination", "rules", "settings"}), "unknown key %q", key.Value)
	}
}

// text reads a value that has to be a text, and says what it is where it is none.
func (p *configParser) text(value *yaml.Node, what string) placed {
	if value.Kind != yaml.ScalarNode || value.Tag != "!!str" || value.Value == "" {
		p.refuse(value, "", "%s", what)
		return placed{}
	}
	return placed{text: value.Value, at: engine.Position{File: p.file.name, Line: value.Line, Column: value.Column}}
}

// folder reads the path of a folder. It is seen from the folder of the config, so
// that the config means the same wherever the command is started.
func (p *configParser) folder(value *yaml.Node) placed {
	read := p.text(value, "the rules are the path of a folder")
	if read.text != "" && !filepath.IsAbs(read.text) {
		read.text = filepath.Join(filepath.Dir(p.file.name), filepath.FromSlash(read.text))
	}
	return read
}

// setting reads one setting. Whether there is such a setting, and whether the
// value fits, only the rules can tell.
func (p *configParser) setting(key, value *yaml.Node) {
	p.file.places[key.Value] = engine.Position{File: p.file.name, Line: key.Line, Column: key.Column}
	read, readable := p.value(key, value)
	switch {
	case readable:
		p.file.settings[key.Value] = read
	case p.unset == refuseUnset:
		p.file.unreadable[key.Value] = true
	}
}

// value reads the value of a setting, and reports whether it is of any use.
func (p *configParser) value(key, value *yaml.Node) (any, bool) {
	block := value.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
	switch {
	case value.Kind != yaml.ScalarNode || value.Style&yaml.TaggedStyle != 0:
		p.refuse(key, "", "the value of %q is not a plain one", key.Value)
	case block && value.Value == "":
		p.torn = true
		p.refuse(key, "The lines of its text have to be indented further than its name.", "%q has no value", key.Value)
	case value.Tag == "!!str":
		return p.expand(key, value)
	case value.Tag == "!!null":
		p.refuse(key, "Remove the line, or give it a value.", "%q has no value", key.Value)
	case value.Tag == "!!bool", value.Tag == "!!int", value.Tag == "!!float":
		return p.scalar(key, value)
	default:
		p.refuse(key, "Put it in quotes.", "YAML takes the value of %q for something else than text", key.Value)
	}
	return nil, false
}

// scalar reads a boolean or a number. What YAML would make of 0x1f or 1_000 is
// nothing that anybody expects.
func (p *configParser) scalar(key, value *yaml.Node) (any, bool) {
	var read any
	if err := value.Decode(&read); err != nil || fmt.Sprint(read) != value.Value {
		p.refuse(key, "Write true, false or plain digits; put text in quotes.", "the value of %q is written in an unusual way", key.Value)
		return nil, false
	}
	return read, true
}

// expand puts environment variables in the place of ${NAME}, and reports
// whether all were there. What a variable holds is never part of a finding.
func (p *configParser) expand(key, value *yaml.Node) (expanded string, complete bool) {
	var text strings.Builder
	rest := value.Value
	for {
		before, after, found := strings.Cut(rest, "${")
		text.WriteString(before)
		if !found {
			return text.String(), true
		}
		name, left, closed := strings.Cut(after, "}")
		if !closed || !isVariable(name) {
			p.refuse(key, "${NAME} takes the environment variable NAME; there is no other form.",
				"%q holds a ${ that is no environment variable", key.Value)
			return "", false
		}
		// An empty variable is what Compose files and CI make of a secret that
		// is not there.
		content, _ := p.env(name)
		if content == "" {
			p.missing(key, name)
			return "", false
		}
		text.WriteString(content)
		rest = left
	}
}

func (p *configParser) missing(key *yaml.Node, variable string) {
	if p.unset == refuseUnset {
		p.refuse(key, fmt.Sprintf("Set it before you start deskrules: export %s=...", variable),
			"%q needs the environment variable %s, which is not set or empty", key.Value, variable)
	}
}

// isVariable reports whether a name can be that of an environment variable.
func isVariable(name string) bool {
	for i, r := range name {
		letter := r == '_' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}
