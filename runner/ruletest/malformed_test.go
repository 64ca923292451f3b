package ruletest_test

import (
	"testing"

	"github.com/deskrules/deskrules/runner/ruletest"
)

// TestMalformed shows what a person is told about a case that cannot be run.
// None of them gets as far as the rules.
func TestMalformed(t *testing.T) {
	tests := []struct{ name, file, want string }{
		{
			name: "no sentence",
			file: "-- event.json --\n{}\n-- want --\n",
			want: `line 1: the case has to open with the sentence that it shows`,
		},
		{
			name: "no event",
			file: "A case.\n-- want --\n",
			want: `the case has no event: add a section event.json or events.ndjson`,
		},
		{
			name: "empty event",
			file: "A case.\n-- event.json --\n\n",
			want: `line 3: the section event.json is empty`,
		},
		{
			name: "both kinds of events",
			file: "A case.\n-- event.json --\n{}\n-- events.ndjson --\n{}\n",
			want: `line 4: a case has either event.json or events.ndjson`,
		},
		{
			name: "unknown section",
			file: "A case.\n-- event.json --\n{}\n-- replys.http --\n",
			want: `line 4: unknown section "replys.http". Did you mean "replies.http"?`,
		},
		{
			name: "a section like no other",
			file: "A case.\n-- event.json --\n{}\n-- gibberish --\n",
			want: `line 4: unknown section "gibberish". Known here: event.json, events.ndjson, settings.yaml, replies.http, account.json, want, want-account.json.`,
		},
		{
			name: "section twice",
			file: "A case.\n-- event.json --\n{}\n-- want --\n-- want --\n",
			want: `line 5: the section want stands in line 4 already`,
		},
		{
			name: "script and simulator",
			file: "A case.\n-- event.json --\n{}\n-- replies.http --\n-- account.json --\n{}\n",
			want: `line 5: a case has either replies.http or, for a simulator, account.json`,
		},
		{
			name: "account wanted of a script",
			file: "A case.\n-- event.json --\n{}\n-- replies.http --\n-- want-account.json --\n{}\n",
			want: `line 5: want-account.json needs a simulator, and replies.http keeps it away`,
		},
		{
			name: "settings that are no YAML",
			file: "A case.\n-- event.json --\n{}\n-- settings.yaml --\n- invite\n",
			want: "settings.yaml: yaml: unmarshal errors:\n  line 5: cannot unmarshal !!seq into map[string]interface {}",
		},
		{
			name: "no request line",
			file: scripted("200\n{}\n"),
			want: `line 5: "200" is no request line: expected GET, POST, PUT, PATCH, DELETE and a path (a body cannot hold a blank line)`,
		},
		{
			name: "leading slash",
			file: scripted("GET /clubs\n200\n"),
			want: `line 5: a path is relative to the base URL: leave out its leading slash`,
		},
		{
			name: "no path",
			file: scripted("GET\n200\n"),
			want: `line 5: "" is not METHOD and path`,
		},
		{
			name: "percent sign",
			file: scripted("GET clubs?name=100%\n200\n"),
			want: `line 5: query parameter "name=100%": invalid URL escape "%" (a percent sign itself is %25)`,
		},
		{
			name: "no status line",
			file: scripted("# The club.\nGET clubs\n\n200\n{}\n"),
			want: "line 6: the reply to GET clubs has no status line; a blank line ends a reply\n" +
				`line 8: "200" is no request line: expected GET, POST, PUT, PATCH, DELETE and a path (a body cannot hold a blank line)`,
		},
		{
			name: "no status",
			file: scripted("GET clubs\n20\n"),
			want: `line 6: "20" is no status: expected 200 to 599, refused, reset, timeout`,
		},
		{
			name: "no repetition",
			file: scripted("GET clubs\n200 OK\n"),
			want: `line 6: after a status, expected nothing or a repetition such as x5, found "OK"`,
		},
		{
			name: "never",
			file: scripted("GET clubs\n200 x0\n"),
			want: `line 6: after a status, expected nothing or a repetition such as x5, found "x0"`,
		},
		{
			name: "a body after a failure",
			file: scripted("GET clubs\ntimeout x2\n{}\n"),
			want: `line 7: where the answer is "timeout", nothing more comes`,
		},
		{
			name: "CRLF",
			file: "A case.\r\n-- event.json --\r\n{}\r\n-- replies.http --\r\nGET clubs\r\n20\r\n",
			want: `line 6: "20" is no status: expected 200 to 599, refused, reset, timeout`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, update := range []bool{false, true} {
				r := check(t, nil, test.file, ruletest.Options{Update: update})
				compare(t, "message", r.Message, test.want)
				compare(t, "status", r.Status.String(), "failed")
				compare(t, "file", r.text(t), test.file)
			}
		})
	}
}

func scripted(replies string) string {
	return "A case.\n-- event.json --\n{}\n-- replies.http --\n" + replies
}

func TestMissingFile(t *testing.T) {
	results := ruletest.Check(t.Context(), nil, []string{"testdata/none.txtar"}, ruletest.Options{})
	compare(t, "message", results[0].Message, "open testdata/none.txtar: no such file or directory")
}
