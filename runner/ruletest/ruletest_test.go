package ruletest_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/deskrules/deskrules/runner/ruletest"
)

var update = flag.Bool("update", false, "rewrite what the cases of testdata want")

// TestRun runs the cases of testdata, which pass, as a user's own test does.
func TestRun(t *testing.T) {
	ruletest.Run(t, club(t), "testdata", ruletest.Options{Simulator: openHouse, Dump: dumpHouse, Update: *update})
}

// TestDocumented runs the case of the package's documentation.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var example strings.Builder
	_, rest, _ := strings.Cut(string(text), "// # A case\n")
	rest, _, _ = strings.Cut(rest, "// The sections are:")
	for line := range strings.Lines(rest) {
		if code, ok := strings.CutPrefix(line, "//\t"); ok || line == "//\n" {
			example.WriteString(strings.TrimPrefix(code, "//"))
		}
	}
	r := check(t, club(t), strings.TrimLeft(example.String(), "\n"), ruletest.Options{})
	compare(t, "message", r.Message, "")
	compare(t, "title", r.Title, "A new member of a club that answers slowly is tried again.")
	compare(t, "status", r.Status.String(), "passed")
}

const annJoins = `Ann joins the chess club.

-- event.json --
{"type": "join", "member": "Ann", "club": "chess"}
-- replies.http --
GET clubs?name=chess
200
{"clubs": [{"id": 7}]}

POST clubs/7/members
201
`

// TestScreens compares whole messages: what a person reads when a case fails.
func TestScreens(t *testing.T) {
	tests := []struct {
		name, file, want string
		options          ruletest.Options
	}{
		{
			name: "no want yet",
			file: annJoins,
			want: `the case has no section want yet; an update writes:

GET clubs?name=chess
=> 200

POST clubs/7/members
{
  "member": "Ann"
}
=> 201

outcome: delivered
rules: join
`,
		},
		{
			name: "another body and another outcome",
			file: annJoins + `-- want --
GET clubs?name=chess
=> 200

POST clubs/7/members
{
  "member": "Bob"
}
=> 201

outcome: failed
rule: join
`,
			want: `--- want (what the case says)
+++ got (what happened)
@@ -3,9 +3,9 @@
 
 POST clubs/7/members
 {
-  "member": "Bob"
+  "member": "Ann"
 }
 => 201
 
-outcome: failed
-rule: join
+outcome: delivered
+rules: join
`,
		},
		{
			name: "unexpected request",
			file: strings.Replace(annJoins, "clubs/7/members", "clubs/8/members", 1) + "-- want --\n",
			want: `unexpected request:
  POST clubs/7/members
  {
    "member": "Ann"
  }
replies that are left:
  POST clubs/8/members => 201 (line 10)
`,
		},
		{
			name: "what would follow an unexpected request uses nothing up",
			file: "Ann visits.\n-- event.json --\n{\"type\": \"visit\", \"member\": \"Ann\"}\n-- replies.http --\nGET visits\n200\n{\"visits\": []}\n",
			want: `unexpected request:
  POST visits
  {
    "visitor": "Ann"
  }
replies that are left:
  GET visits => 200 (line 5)
`,
		},
		{
			name: "another method",
			file: strings.Replace(annJoins, "POST", "PUT", 1),
			want: `unexpected request:
  POST clubs/7/members
  {
    "member": "Ann"
  }
replies that are left:
  PUT clubs/7/members => 201 (line 10)
`,
		},
		{
			name: "another query",
			file: strings.Replace(annJoins, "?name=chess", "?na%3Dme=go%26", 1) + "-- want --\n",
			want: `unexpected request:
  GET clubs?name=chess
replies that are left:
  GET clubs?na%3Dme=go%26 => 200 (line 6)
  POST clubs/7/members => 201 (line 10)
`,
		},
		{
			name: "unexpected request of a later event, with a secret",
			file: "Two join.\n-- events.ndjson --\n" +
				`{"type": "join", "member": "Ann", "club": "chess"}` + "\n" +
				`{"type": "join", "member": "s3cret", "club": "chess"}` + "\n" +
				"-- replies.http --\nGET clubs\n200\n{\"clubs\": [{\"id\": 7}]}\n\nPOST clubs/7/members\n201\n",
			want: `unexpected request by event 2:
  POST clubs/7/members
  {
    "member": "***"
  }
replies that are left:
  none
`,
		},
		{
			name: "no query is not any query",
			file: strings.Replace(annJoins, "?name=chess", "?", 1),
			want: `unexpected request:
  GET clubs?name=chess
replies that are left:
  GET clubs? => 200 (line 6)
  POST clubs/7/members => 201 (line 10)
`,
		},
		{
			name: "no simulator and no replies",
			file: "Ann joins.\n-- event.json --\n{\"type\": \"join\", \"member\": \"Ann\", \"club\": \"chess\"}\n",
			want: `unexpected request:
  GET clubs?name=chess
replies that are left:
  none
`,
		},
		{
			name: "unused replies",
			file: strings.Replace(annJoins, "{\"clubs\": [{\"id\": 7}]}", "{\"clubs\": []}", 1) + "\nGET clubs\n500 x3\n-- want --\n",
			want: `replies that were never asked for:
  POST clubs/7/members => 201 (line 10)
  GET clubs => 500 x3 (line 13)
what happened:
  GET clubs?name=chess => 200
  outcome: failed: there is no club chess
`,
		},
		{
			name: "a repeated reply that is not used up",
			file: strings.Replace(annJoins, "201\n", "500 x2\n\nPOST clubs/7/members\n201 x2\n", 1) + "-- want --\n",
			want: `replies that were never asked for:
  POST clubs/7/members => 201 x2 (line 13), given 1 of 2 times
what happened:
  GET clubs?name=chess => 200
  POST clubs/7/members => 500, 500, 201
  outcome: delivered
`,
		},
		{
			name: "an account and no simulator",
			file: "Ann joins.\n-- event.json --\n{}\n-- account.json --\n{}\n",
			want: `account.json: there is no simulator here`,
		},
		{
			name:    "an account that is none",
			file:    "Ann joins.\n-- event.json --\n{}\n-- account.json --\n[]\n",
			options: ruletest.Options{Simulator: openHouse},
			want:    `account.json: the account is no house: json: cannot unmarshal array into Go value of type ruletest_test.house`,
		},
		{
			name:    "a simulator that cannot tell its state",
			file:    "Ann leaves.\n-- event.json --\n{\"type\": \"leave\"}\n-- want-account.json --\n",
			options: ruletest.Options{Simulator: openHouse},
			want:    `want-account.json: there is no simulator here that can tell its state`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := check(t, club(t), test.file, test.options)
			compare(t, "message", r.Message, test.want)
			compare(t, "status", r.Status.String(), "failed")
		})
	}
}

// TestRefusedSettings keeps updates from writing down settings that are wrong by
// mistake, and shows what happens where settings are taken that should not be.
func TestRefusedSettings(t *testing.T) {
	mistaken := check(t, club(t), annJoins+"-- settings.yaml --\nseason: two\n-- want --\noutcome: delivered\n", ruletest.Options{Update: true})
	compare(t, "message", mistaken.Message, "settings.yaml: season: has to be an integer, not a string")
	taken := check(t, club(t), annJoins+"-- want --\nsetting refused: season: has to be an integer\n", ruletest.Options{})
	for _, line := range []string{"-setting refused: season: has to be an integer\n", "+outcome: delivered\n"} {
		if !strings.Contains(taken.Message, line) {
			t.Errorf("want %q in:\n%s", line, taken.Message)
		}
	}
}

// TestSettings shows that a case's settings are checked, and that null takes an
// example away. The words after the name are the engine's.
func TestSettings(t *testing.T) {
	tests := map[string]string{"season: first": "settings.yaml: season: ", "token: null": "settings.yaml: token: "}
	for settings, want := range tests {
		r := check(t, club(t), annJoins+"-- settings.yaml --\n"+settings+"\n", ruletest.Options{})
		if r.Status != ruletest.Failed || !strings.HasPrefix(r.Message, want) {
			t.Errorf("%s: want a message that begins with %q, got %q", settings, want, r.Message)
		}
	}
}

// TestColor paints differences only.
func TestColor(t *testing.T) {
	file := "Nobody cares.\n-- event.json --\n{\"type\": \"leave\"}\n-- want --\noutcome: delivered\n"
	r := check(t, club(t), file, ruletest.Options{Color: true})
	lines := strings.SplitAfter(r.Message, "\n")
	compare(t, "removed", lines[3], "\x1b[31m-outcome: delivered\x1b[0m\n")
	compare(t, "added", lines[4], "\x1b[32m+outcome: ignored\x1b[0m\n")
}

// TestUpdate rewrites the section want and leaves every other byte as it is,
// also where a person wrote it in an unusual way.
func TestUpdate(t *testing.T) {
	const want = "outcome: rejected\nrule: join\nreason: join needs a member\n"
	windows := strings.ReplaceAll(want, "\n", "\r\n")
	const event = "-- event.json --\n{ \"type\":\t\"join\"}  \n\n\n"
	tests := []struct{ name, before, after string }{
		{"in the middle", "A  case.\n--  want  --\nold\n\n" + event, "A  case.\n--  want  --\n" + want + event},
		{"at the end", "A case.\n" + event + "-- want --\nold", "A case.\n" + event + "-- want --\n" + want},
		{"absent", "A case.\n" + event, "A case.\n" + event + "-- want --\n" + want},
		{"absent, no newline", "A case.\n-- event.json --\n{\"type\":\"join\"}", "A case.\n-- event.json --\n{\"type\":\"join\"}\n-- want --\n" + want},
		{"CRLF", "A case.\r\n-- want --\r\nold\r\n-- event.json --\r\n{\"type\":\"join\"}\r\n", "A case.\r\n-- want --\r\n" + windows + "-- event.json --\r\n{\"type\":\"join\"}\r\n"},
		{"CRLF, absent", "A case.\r\n-- event.json --\r\n{\"type\":\"join\"}", "A case.\r\n-- event.json --\r\n{\"type\":\"join\"}\r\n-- want --\r\n" + windows},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := check(t, club(t), test.before, ruletest.Options{Update: true})
			compare(t, "message", r.Message, "")
			compare(t, "status", r.Status.String(), "updated")
			compare(t, "file", r.text(t), test.after)
			again := ruletest.Check(t.Context(), club(t), []string{r.File}, ruletest.Options{Update: true})
			compare(t, "status of a second update", again[0].Status.String(), "passed")
		})
	}
}

// TestUpdateTells names what a reader of the change has to look for first.
func TestUpdateTells(t *testing.T) {
	const delivered = "GET clubs?name=chess\n=> 200\n\nPOST clubs/7/members\n{\n  \"member\": \"Ann\"\n}\n=> 201\n\noutcome: delivered\nrules: join\n"
	for want, changes := range map[string]string{
		strings.Replace(delivered, "delivered\nrules", "failed\nrule", 1): "outcome failed -> delivered",
		"outcome: rejected\n":                                              "outcome rejected -> delivered, requests 0 -> 2",
		strings.Replace(delivered, "Ann", "Bob", 1):                        "what is sent",
		strings.Replace(delivered, "rules: join", "rules: join, visit", 1): "rules join, visit -> join",
		delivered + "warning: x\n":                                         "warnings 1 -> 0",
		strings.Replace(delivered, "=> 201", "=> 200", 1):                  "what is answered",
		"": "outcome none -> delivered, requests 0 -> 2",
	} {
		r := check(t, club(t), annJoins+"-- want --\n"+want, ruletest.Options{Update: true})
		compare(t, "changes", strings.Join(r.Changes, ", "), changes)
	}
	r := check(t, club(t), annJoins, ruletest.Options{Update: true})
	compare(t, "changes", strings.Join(r.Changes, ", "), "want is new")
}

// TestUpdateIsWhole shows that another file takes the place of the case, and
// that nothing writes into the one that is there: a full disk would cut it off.
func TestUpdateIsWhole(t *testing.T) {
	file := filepath.Join(t.TempDir(), "case.txtar")
	const before = "Nobody cares.\n-- event.json --\n{\"type\": \"leave\"}\n-- want --\n"
	if err := os.WriteFile(file, []byte(before), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(file, file+".other"); err != nil {
		t.Skip("there are no links here")
	}
	r := ruletest.Check(t.Context(), club(t), []string{file}, ruletest.Options{Update: true})[0]
	compare(t, "status", r.Status.String(), "updated")
	other, err := os.ReadFile(file + ".other")
	compare(t, "what was there", string(other), before)
	if info, statErr := os.Stat(file); err != nil || statErr != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("errors %v, %v", err, statErr)
	}
	if err := os.Chmod(file, 0o440); err != nil {
		t.Fatal(err)
	}
	r = ruletest.Check(t.Context(), club(t), []string{file}, ruletest.Options{Update: true})[0]
	compare(t, "a case that wants nothing new", r.Status.String(), "passed")
}

// TestUpdateRefuses leaves alone what an update cannot repair.
func TestUpdateRefuses(t *testing.T) {
	tests := map[string]string{
		"unexpected request": strings.Replace(annJoins, "clubs/7", "clubs/8", 1),
		"unused reply":       annJoins + "\nGET clubs\n200\n",
	}
	for name, file := range tests {
		t.Run(name, func(t *testing.T) {
			r := check(t, club(t), file, ruletest.Options{Update: true})
			compare(t, "status", r.Status.String(), "failed")
			compare(t, "file", r.text(t), file)
		})
	}
}

// TestFilter picks cases by the names of their files.
func TestFilter(t *testing.T) {
	files, err := ruletest.Find("testdata")
	if err != nil {
		t.Fatal(err)
	}
	results := ruletest.Check(t.Context(), club(t), files, ruletest.Options{Run: regexp.MustCompile("memory")})
	if len(results) != 1 || results[0].File != filepath.Join("testdata", "memory.txtar") {
		t.Errorf("want the case memory alone, got %+v", results)
	}
}

// TestTime runs a case in which the destination asks for two minutes.
func TestTime(t *testing.T) {
	results := ruletest.Check(t.Context(), club(t), []string{"testdata/failures.txtar"}, ruletest.Options{})
	if r := results[0]; r.Status != ruletest.Passed || r.Duration <= 0 || r.Duration > 30*time.Second {
		t.Errorf("want it to pass at once, got %+v", r)
	}
}
