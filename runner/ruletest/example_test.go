package ruletest_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"testing/fstest"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner/ruletest"
)

// A program checks the cases of its own rules without "go test". In a test,
// [ruletest.Run] makes a subtest of each case in one line:
//
//	ruletest.Run(t, program, "testdata/cases", ruletest.Options{})
func ExampleCheck() {
	program, err := engine.Load(fstest.MapFS{
		"destination.yaml": {Data: []byte(`destination: club
rules: [join]
match: {by: event.type}
url: https://club.example/api/
settings:
  token: {type: string, secret: true, example: simulated}
authentication:
  - {needs: [token], bearer: '{config.token}'}
`)},
		"join.yaml": {Data: []byte(`rule: join
event: join
steps:
  - post: members
    idempotent: true
    body:
      - {to: name, from: event.member}
`)},
	}, ".")
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "cases")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	newMember := `A new member is sent.

-- event.json --
{"type": "join", "member": "Ann"}
-- replies.http --
POST members
201
-- want --
POST members
{
  "name": "Bob"
}
=> 201

outcome: delivered
rules: join
`
	if err := os.WriteFile(filepath.Join(dir, "new.txtar"), []byte(newMember), 0o600); err != nil {
		log.Fatal(err)
	}
	files, err := ruletest.Find(dir)
	if err != nil {
		log.Fatal(err)
	}
	for _, result := range ruletest.Check(context.Background(), program, files, ruletest.Options{}) {
		fmt.Println(filepath.Base(result.File), result.Status)
		fmt.Println(result.Message)
	}
	// Output:
	// new.txtar failed
	// --- want (what the case says)
	// +++ got (what happened)
	// @@ -1,6 +1,6 @@
	//  POST members
	//  {
	// -  "name": "Bob"
	// +  "name": "Ann"
	//  }
	//  => 201
}
