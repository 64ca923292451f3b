package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/deskrules/deskrules/rules"
)

// A fuzzWorld is a destination with settings, and its rules as they were written.
type fuzzWorld struct {
	config *Config
	plain  *plainProgram
}

// fuzzWorlds gives the embedded rules and the examples, each under settings that
// differ in what is true or false.
func fuzzWorlds(f *testing.F) (all []fuzzWorld) {
	for _, at := range []struct {
		fsys fs.FS
		dir  string
	}{{rules.FS(), "zendesk"}, {os.DirFS("../examples"), "intercom"}, {os.DirFS("../examples"), "klaviyo"}} {
		program, err := Load(at.fsys, at.dir)
		if err != nil {
			f.Fatal(err)
		}
		for bits := range 2 {
			settings := program.Examples()
			for _, s := range program.Settings() {
				if s.Type == "boolean" {
					settings[s.Name] = bits == 1
				}
			}
			config, err := program.Configure(settings)
			if err != nil {
				f.Fatal(err)
			}
			config = config.WithLimits(Limits{Requests: 40})
			all = append(all, fuzzWorld{config, plainProgramOf(at.fsys, at.dir, config)})
		}
	}
	return all
}

// An execution says the same whatever it did before, whether it is explained or
// not and whether its lines are counted or not; what it gave stays as it was;
// and what the rules make of the event is what the plain evaluation makes of it.
func FuzzExecutions(f *testing.F) {
	worlds := fuzzWorlds(f)
	events := append(goldenEvents(f), hostileMappingEvents()...)
	random := rand.NewChaCha8([32]byte{1})
	for i, event := range slices.Concat(events, events, events) {
		answers, edits := make([]byte, 40), make([]byte, i%3*60)
		_, _ = random.Read(answers) // which does not fail
		_, _ = random.Read(edits)
		before := events[int(random.Uint64()%uint64(len(events)))]
		if i%4 == 0 {
			before = event
		}
		f.Add(uint8(i%len(worlds)), event, before, edits, answers)
	}
	missing := slices.Concat([]byte{16, 1}, bytes.Repeat([]byte{13}, 40)) // the second request meets nobody, which is due once an event
	for _, event := range events {
		for which := range worlds {
			f.Add(uint8(which), event, event, []byte(nil), missing)
			f.Add(uint8(which), event, `{"type":"group","groupId":"g","userId":"u","traits":{"name":"N","tier":"x","plan":1}}`, []byte(nil), missing[2:])
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, event, before string, edits, answers []byte) {
		if len(event)+len(before) > 1<<16 {
			return
		}
		world := worlds[int(which)%len(worlds)]
		event = (&grower{bytes: edits}).changed(event)
		memory := map[string]json.RawMessage{}
		used := world.config.Start([]byte(before))
		for i, earlier := range []string{before, event, before} {
			used.Restart([]byte(earlier))
			(&teller{x: used, memory: memory, answers: answers}).tell(t, []int{40, 40, 8 - len(edits)%9}[i]) // the last is given up
		}
		compareExecutions(t, world, used, []byte(event), memory, answers)
	})
}

func compareExecutions(t *testing.T, world fuzzWorld, used *Execution, event []byte, memory map[string]json.RawMessage, answers []byte) {
	t.Helper()
	fresh := world.config.Start(event)
	checkTaken(t, string(event), fresh, world.plain.take(string(event)))
	used.Restart(event)
	counted := &Coverage{}
	explained := world.config.Explain(event)
	want := ""
	for i, x := range []*Execution{fresh, used, explained, world.config.Cover(counted).Start(event), world.config.Cover(counted).Explain(event)} {
		said := (&teller{x: x, memory: maps.Clone(memory), answers: answers}).tell(t, 100)
		if i == 0 {
			want = said
		} else if said != want {
			t.Fatalf("%s\nan execution that is %s says\n%s\na fresh one\n%s", event, []string{"", "begun again", "explained", "counted", "both"}[i], said, want)
		}
	}
	if _, err := json.Marshal(explained.Explanation()); err != nil {
		t.Fatalf("%s: the explanation has no JSON: %v", event, err)
	}
}

// A teller drives an execution with answers that are grown, and a memory.
type teller struct {
	x       *Execution
	memory  map[string]json.RawMessage
	answers []byte // one a request, and what follows it makes the body
	said    strings.Builder
	gave    []Request
	copies  []string
}

// tell gives all that an execution says until it ends, or has made so many
// requests.
func (l *teller) tell(t *testing.T, most int) string {
	t.Helper()
	for range most {
		checkIndexes(t, l.x)
		request, more := l.x.Next()
		if !more {
			break
		}
		checkRequest(t, request)
		l.note("%s", requestSaid(request))
		l.gave, l.copies = append(l.gave, request), append(l.copies, requestSaid(request))
		l.answer(request)
		l.learn(t)
	}
	for i, request := range l.gave {
		if now := requestSaid(request); now != l.copies[i] {
			t.Fatalf("a request was %s\nand became  %s", l.copies[i], now)
		}
	}
	l.note("%+v", l.x.Outcome())
	return l.said.String()
}

func (l *teller) note(format string, args ...any) { fmt.Fprintf(&l.said, format+"\n", args...) }

func requestSaid(r Request) string {
	return fmt.Sprintf("%s %s %s %s %s %s %q %v %t %t", r.Step, r.Method, r.Path, r.Query, r.Link, r.Body, r.Recall, r.Counts, r.Idempotent, r.Reads)
}

// answer recalls what the memory knows, or answers as any server may.
func (l *teller) answer(r Request) {
	for _, key := range r.Recall {
		if known, there := l.memory[key]; there {
			l.note("recalled %s", key)
			l.x.Recall(key, known)
			return
		}
	}
	status, rest := 0, l.answers[min(len(l.gave), len(l.answers)):]
	if len(l.gave) <= len(l.answers) {
		status = int(l.answers[len(l.gave)-1])
	}
	body := (&grower{bytes: rest}).reply()
	response := Response{Status: 200, Body: []byte(body), Attempts: 1}
	switch status % 16 {
	case 1, 7, 8:
		response = Response{Status: 404, Body: []byte(`{"error":"RecordNotFound","errors":[{"code":"not_found"}]}`)}
	case 2:
		response = Response{Status: 422, Body: []byte(`{"error":"RecordInvalid","details":{"name":[{"error":"DuplicateValue","description":"Name: taken"}],"key":[{"error":"DuplicateValue"}]}}`)}
	case 3:
		response = Response{Failure: Timeout, Attempts: 8}
	case 4:
		response = Response{Status: 409, Body: []byte(`{"errors":[{"code":"conflict","id":"x","meta":{"duplicate_profile_id":"p"}}]}`)}
	case 5:
		response.Body = []byte(`{"users":null,"data":{"id":1}}`)
	case 6:
		response.Status = 201
	}
	l.x.Respond(response)
	clear(response.Body) // it is whoever performs requests that owns it
}

// learn takes the facts into the memory.
func (l *teller) learn(t *testing.T) {
	t.Helper()
	for _, fact := range l.x.Facts() {
		l.note("%d %s %s %s", fact.Op, fact.Key, fact.Value, fact.For)
		known, there := l.memory[fact.Key]
		switch {
		case fact.Op == Learn:
			l.memory[fact.Key] = bytes.Clone(fact.Value)
		case fact.Op == Forget:
			delete(l.memory, fact.Key)
		case there && string(known) != "[]":
			l.memory[fact.Key] = []byte(string(known[:len(known)-1]) + "," + string(fact.Value) + "]")
		}
		if fact.Op != Forget && !json.Valid(fact.Value) {
			t.Fatalf("the fact %s has no JSON: %q", fact.Key, fact.Value)
		}
	}
}

// reply is an answer that all the rules can read: each finds in it what it asks
// for, none, one or several of it.
func (g *grower) reply() string {
	list := func(elements ...string) string {
		return "[" + g.space() + strings.Join(elements[:min(g.pick(len(elements)+2), len(elements))], ","+g.space()) + "]"
	}
	fields := list(`{"id":1,"key":"plan","name":"plan"}`, `{"key":"Seats","name":"Seats","custom":true}`, `{"\u006bey":"shoe_\u0073ize"}`, `{"key":"k_1"}`)
	others := list(`{"id":1,"key":"Tier"}`, `{"key":"plans"}`, `{"key":"size_shoe"}`, `{"key":"2_k"}`)
	person := g.one(`{"id":1,"email":"a@b.c","external_id":"u"}`, `{"id":900113780483,"email":null,"external_id":"12","role":"user","type":"contact"}`, `{"id":"i\u0031","email":"A@b.c"}`)
	identities := list(`{"id":11,"type":"email","value":"old@b.c","primary":true}`, `{"id":12,"type":"email","value":"a@b.c","primary":false}`)
	return `{"user":` + person + `,"users":` + list(person, `{"id":2}`) + `,"contacts":[` + person + `],"data":` + g.one(list(person, `{"id":3,"name":"plan"}`), fields, `{"id":"d"}`) + `,"user_fields":` + fields + `,"organization_fields":` + others +
		`,"user_field":{"key":"x"},"organization_field":{"key":"Plan"},"identities":` + identities + `,"organization_memberships":` + list(`{"id":21,"organization_id":7}`, `{"id":22,"organization_id":8}`) +
		`,"organizations":` + list(`{"id":7,"name":"Acme","external_id":null}`, `{"id":8}`) + `,"organization":{"id":7,"name":"Acme"},"events":` + list(`{"created_at":"2026-01-31T12:00:00Z","properties":{}}`) +
		`,"id":` + g.one("5", `"c1"`) + `,"total_count":1,"type":"list","notes":[],"meta":{"has_more":false},"links":{"next":null},"next_page":null,"pages":{"next":null}}`
}

// changed gives an event with other values at some places, and more members.
func (g *grower) changed(event string) string {
	if len(g.bytes) == 0 || plainPlaces(mendSurrogates(event), 100, 1000) == nil {
		return event
	}
	tree := plainDecode(event)
	for range 1 + g.pick(4) {
		tree = g.change(tree)
	}
	return plainWritten(tree).raw
}

func (g *grower) change(v any) any {
	switch v := v.(type) {
	case plainObject:
		if len(v) > 0 && g.pick(5) > 0 {
			part := &v[g.pick(len(v))]
			part.value = g.change(part.value)
			return v
		}
		for _, more := range plainDecode(mendSurrogates(g.object(2))).(plainObject) {
			if !slices.ContainsFunc(v, func(p plainPart) bool { return p.key == more.key }) {
				v = append(v, more)
			}
		}
		return v
	case []any:
		if len(v) > 0 {
			i := g.pick(len(v))
			v[i] = g.change(v[i])
			return v
		}
	}
	return plainDecode(mendSurrogates(g.any(2)))
}
