package engine_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/deskrules/deskrules/engine"
)

var update = flag.Bool("update", false, "rewrite the want sections of the test data")

// archives runs a test for each txtar file of a folder. The test gives what it
// got, which is compared with the section want, the last one.
func archives(t *testing.T, folder string, run func(t *testing.T, sections map[string]string) string) {
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data in %s: %v", folder, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sections := map[string]string{}
			for _, f := range archive.Files {
				sections[f.Name] = string(f.Data)
			}
			got := run(t, sections)
			if *update {
				rewrite(t, file, archive, got)
				return
			}
			if diff := cmp.Diff(sections["want"], got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		})
	}
}

func rewrite(t *testing.T, file string, archive *txtar.Archive, got string) {
	last := len(archive.Files) - 1
	if last < 0 || archive.Files[last].Name != "want" {
		archive.Files = append(archive.Files, txtar.File{Name: "want"})
		last++
	}
	archive.Files[last].Data = []byte(got)
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

// destination is what a case does not write itself.
const destination = `destination: crm
title: CRM
rules: [sync]
match: {by: event.type, case: ignore, id: event.messageId}
order: [[event.userId, event.anonymousId], event.groupId]
settings:
  host:  {type: string, required: true, pattern: '[a-z.]+', title: Host, example: crm.example}
  token: {type: string, secret: true, title: Token, example: t}
  loud:  {type: boolean, default: false, title: Loud}
url: https://{config.host}/v1/
authentication:
  - needs: [token]
    bearer: '{config.token}'
errors:
  code: reply.code
  text: reply.text
paging:
  next: reply.next
  most: 3
retry:
  when:
    - {status: [429, 503], wait: retry-after}
    - {status: [409, 5xx], wait: backoff}
    - {network: [refused, reset, timeout, unreadable], wait: backoff}
  not_taken:
    - {status: 4xx, except: [409]}
    - {network: refused}
  stop:
    - {status: 401}
`

// destinationFor leaves out the setting that a case does not speak of: a setting
// that nothing reads is a finding.
func destinationFor(sections map[string]string) string {
	for _, data := range sections {
		if strings.Contains(data, "loud") {
			return destination
		}
	}
	before, after, _ := strings.Cut(destination, "  loud:")
	_, after, _ = strings.Cut(after, "\n")
	return before + "\n" + after
}

func files(sections map[string]string) fstest.MapFS {
	destination := destinationFor(sections)
	fsys := fstest.MapFS{"destination.yaml": {Data: []byte(destination)}}
	for name, data := range sections {
		if strings.HasSuffix(name, ".yaml") && name != "settings.yaml" {
			fsys[name] = &fstest.MapFile{Data: []byte(data)}
		}
	}
	if extra := sections["more.yaml"]; extra != "" {
		fsys["destination.yaml"] = &fstest.MapFile{Data: []byte(destination + extra)}
		delete(fsys, "more.yaml")
	}
	return fsys
}

func configure(t *testing.T, sections map[string]string) *engine.Config {
	t.Helper()
	program, err := engine.Load(files(sections), ".")
	if err != nil {
		t.Fatal(err)
	}
	settings := program.Examples()
	if s := sections["settings.json"]; s != "" {
		if err := json.Unmarshal([]byte(s), &settings); err != nil {
			t.Fatal(err)
		}
	}
	config, err := program.Configure(settings)
	if err != nil {
		t.Fatal(err)
	}
	var limits engine.Limits
	if s := sections["limits.json"]; s != "" {
		if err := json.Unmarshal([]byte(s), &limits); err != nil {
			t.Fatal(err)
		}
	}
	return config.WithLimits(limits)
}

// play drives an execution by a script of one line an answer: a status and a
// body, a failure such as timeout, or recall with a value; and gives all that
// went back and forth.
func play(t *testing.T, x *engine.Execution, script string) string {
	t.Helper()
	var b strings.Builder
	lines := strings.Split(strings.TrimSpace(script), "\n")
	for {
		request, more := x.Next()
		if !more {
			break
		}
		fmt.Fprintln(&b, requestText(request))
		if len(lines) == 0 || lines[0] == "" {
			fmt.Fprintln(&b, "  (no answer left)")
			x.Abort("the script ended")
			break
		}
		answer(t, x, request, lines[0])
		fmt.Fprintf(&b, "  < %s\n", lines[0])
		lines = lines[1:]
		for _, f := range x.Facts() {
			fmt.Fprintf(&b, "  %s\n", factText(f))
		}
	}
	for _, line := range lines {
		if line != "" && b.Len() > 0 {
			fmt.Fprintf(&b, "answer not asked for: %s\n", line)
		}
	}
	b.WriteString(outcomeText(x.Outcome()))
	return b.String()
}

func requestText(r engine.Request) string {
	text := r.Method + " " + r.Path
	if r.Link != "" {
		text = r.Method + " <" + r.Link + ">"
	}
	if r.Query != "" {
		text += "?" + r.Query
	}
	if r.Body != nil {
		text += " " + string(r.Body)
	}
	if !r.Idempotent {
		text += " (once)"
	}
	for _, key := range r.Recall {
		text += "\n  recall? " + key
	}
	return text
}

func factText(f engine.Fact) string {
	verb := map[engine.Op]string{engine.Learn: "learn", engine.Extend: "extend", engine.Forget: "forget"}[f.Op]
	text := verb + " " + f.Key
	if f.Op != engine.Forget {
		text += " = " + string(f.Value)
	}
	if f.For > 0 {
		text += " for " + f.For.String()
	}
	return text
}

func answer(t *testing.T, x *engine.Execution, request engine.Request, line string) {
	t.Helper()
	head, rest, _ := strings.Cut(line, " ")
	if head == "recall" {
		if len(request.Recall) == 0 {
			t.Fatalf("nothing to recall for %s", request.Path)
		}
		x.Recall(request.Recall[0], json.RawMessage(rest))
		return
	}
	response := engine.Response{Attempts: 1}
	if status, err := strconv.Atoi(head); err == nil {
		response.Status, response.Body = status, []byte(rest)
	} else {
		response.Failure, response.Detail = engine.Failure(head), rest
	}
	x.Respond(response)
}

func outcomeText(o engine.Outcome) string {
	text := "= " + string(o.Status)
	if o.Rule != "" {
		text += fmt.Sprintf(" by %s %s at %s", o.Rule, o.Step, o.At)
	}
	if o.Reason != "" {
		text += "\n  " + o.Reason
	}
	if len(o.Answer) > 0 {
		text += "\n  answer: " + string(o.Answer)
	}
	for _, w := range o.Warnings {
		text += fmt.Sprintf("\n  warning at %s: %s", w.At, w.Text)
	}
	return text + "\n"
}
