package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestSchemaHasWords makes sure that every key of every construct is explained.
func TestSchemaHasWords(t *testing.T) {
	for _, name := range schemaNames() {
		for definition, s := range schemaOf(name).Defs {
			for key, value := range s.Properties {
				if value.Description == "" || strings.ContainsAny(value.Description, "|[`") && strings.Contains(value.Description, "](") {
					t.Errorf("%s: %s of %s: %q", name, key, definition, value.Description)
				}
			}
		}
	}
}

// TestSchemaInEditor asks the YAML language server, where it is installed (npm
// install --global yaml-language-server), about the embedded rules and the
// examples, in a folder that init has made.
func TestSchemaInEditor(t *testing.T) {
	if _, err := exec.LookPath("yaml-language-server"); err != nil {
		t.Skip("there is no yaml-language-server")
	}
	dir := initialized(t)
	editor := startEditor(t, dir)
	found, err := filepath.Glob(filepath.Join(dir, "rules", "*.yaml"))
	if err != nil || len(found) < 6 {
		t.Fatalf("%d files: %v", len(found), err)
	}
	for _, file := range found {
		editor.wants(t, file, readFile(t, file))
	}
	for _, example := range []string{"intercom", "klaviyo"} {
		others, err := filepath.Glob(filepath.Join("../../examples", example, "*.yaml"))
		if err != nil || len(others) < 5 {
			t.Fatalf("%d files: %v", len(others), err)
		}
		for _, file := range others {
			editor.wants(t, filepath.Join(dir, "rules", filepath.Base(file)), readFile(t, file))
		}
	}
	editor.complains(t, dir)
}

// complains has one mistake after the other reported at its line.
func (e *editor) complains(t *testing.T, dir string) {
	rule := filepath.Join(dir, "rules", "identify.yaml")
	start := "rule: identify\nevent: identify\nsteps:\n"
	for text, want := range map[string]string{
		start + "  - post: users\n    bdy: []":                              "4: Property bdy is not allowed",
		start + "  - get: users\n    on:\n      - {status: 404, then: skp}": "5: Value is not accepted",
		start + "  - get: users\n    on:\n      - {status: 404}":            `5: Missing property "then"`,
		"rule: identify\nevent: identify":                                   `0: Missing property "steps"`,
		"rule: identify\nevent: 12\nsteps: [{get: users}]":                  "1: Incorrect type",
		start + "  - put: users\n    idempotent: yes":                       "4: ",
		start + "  - find: user\n    body: []":                              "4: Property body is not allowed",
		start + "  - name: nothing":                                         "3: ",
		"vars: {a: {form: x}}\n" + start + "  - get: users":                 "0: ",
	} {
		e.wants(t, rule, text, want)
	}
	e.wants(t, filepath.Join(dir, "rules", "destination.yaml"), "destination: a\nrulse: [b]",
		`0: Missing property "authentication"`, `0: Missing property "match"`, `0: Missing property "rules"`, `0: Missing property "url"`,
		"1: Property rulse is not allowed")
}

func initialized(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	status := run(t.Context(), []string{"init", dir}, shell{out: io.Discard, err: os.Stderr, env: os.LookupEnv})
	if status != statusDone {
		t.Fatalf("status %d", status)
	}
	return dir
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// An editor speaks with a language server.
type editor struct {
	in       io.Writer
	out      *bufio.Reader
	version  int
	settings map[string]any
}

// A message is what either says, as far as the test looks at it.
type message struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      any             `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  any             `json:"result,omitempty"`
}

// startEditor starts the server with what .vscode/settings.json says.
func startEditor(t *testing.T, dir string) *editor {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	command := exec.CommandContext(ctx, "yaml-language-server", "--stdio")
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = command.Wait() })
	var settings map[string]any
	if err := json.Unmarshal([]byte(readFile(t, filepath.Join(dir, ".vscode", "settings.json"))), &settings); err != nil {
		t.Fatal(err)
	}
	e := &editor{in: in, out: bufio.NewReader(out)}
	root := fileURL(dir)
	e.send(t, message{ID: 1, Method: "initialize", Params: asRaw(t, map[string]any{
		"processId": nil, "rootUri": root, "capabilities": map[string]any{},
		"workspaceFolders": []any{map[string]any{"uri": root, "name": "rules"}},
	})})
	e.send(t, message{Method: "initialized", Params: asRaw(t, map[string]any{})})
	e.settings = map[string]any{"schemas": settings["yaml.schemas"], "schemaStore": map[string]any{"enable": false}}
	for range 20 { // until the server has the settings
		if probe := filepath.Join(dir, "rules", "probe.yaml"); len(e.open(t, probe, "nothing: 1")) > 0 {
			return e
		}
	}
	t.Fatal("the schemas are not used")
	return nil
}

func fileURL(name string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(name)}).String()
}

func asRaw(t *testing.T, value any) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (e *editor) send(t *testing.T, m message) {
	t.Helper()
	m.JSONRPC = "2.0"
	text := asRaw(t, m)
	if _, err := fmt.Fprintf(e.in, "Content-Length: %d\r\n\r\n%s", len(text), text); err != nil {
		t.Fatal(err)
	}
}

func (e *editor) receive(t *testing.T) message {
	t.Helper()
	header, err := textproto.NewReader(e.out).ReadMIMEHeader()
	if err != nil {
		t.Fatal(err)
	}
	size, err := strconv.Atoi(header.Get("Content-Length"))
	if err != nil {
		t.Fatal(err)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(e.out, text); err != nil {
		t.Fatal(err)
	}
	var m message
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	if m.ID != nil && m.Method != "" { // the server asks for settings, those for YAML first
		e.send(t, message{ID: m.ID, Result: []any{e.settings, nil, nil, nil}})
	}
	return m
}

// wants compares what the server says of a file: the beginnings of its findings,
// each behind its line from 0.
func (e *editor) wants(t *testing.T, name, text string, want ...string) {
	t.Helper()
	if got := e.open(t, name, text); !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("%s: got %q, want %q for\n%s", filepath.Base(name), got, want, text)
	}
}

// open opens a file and closes it again.
func (e *editor) open(t *testing.T, name, text string) []string {
	t.Helper()
	e.version++
	document := map[string]any{"uri": fileURL(name), "languageId": "yaml", "version": e.version, "text": text}
	e.send(t, message{Method: "textDocument/didOpen", Params: asRaw(t, map[string]any{"textDocument": document})})
	found := e.findings(t, fileURL(name))
	e.send(t, message{Method: "textDocument/didClose", Params: asRaw(t, map[string]any{"textDocument": document})})
	e.findings(t, fileURL(name))
	return found
}

func (e *editor) findings(t *testing.T, uri string) []string {
	t.Helper()
	for {
		m := e.receive(t)
		var published struct {
			URI         string
			Diagnostics []struct {
				Message string
				Range   struct{ Start struct{ Line int } }
			}
		}
		if m.Method != "textDocument/publishDiagnostics" || json.Unmarshal(m.Params, &published) != nil || published.URI != uri {
			continue
		}
		var all []string
		for _, d := range published.Diagnostics {
			all = append(all, fmt.Sprintf("%d: %s", d.Range.Start.Line, d.Message))
		}
		slices.Sort(all)
		return all
	}
}
