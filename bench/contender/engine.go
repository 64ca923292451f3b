package contender

import (
	"encoding/json"
	"fmt"

	"github.com/deskrules/deskrules/bench/corpus"
	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/rules"
)

// An engineRun takes events through the embedded rules, up to the request that
// writes.
type engineRun struct {
	config    *engine.Config
	begin     Beginner
	execution *engine.Execution
	write     func(engine.Request) bool
	memory    map[string]json.RawMessage // by the keys of Request.Recall
}

// Embedded gives the rules that come along, with settings that suffice.
func Embedded() (*engine.Config, error) {
	program, err := engine.Load(rules.FS(), "zendesk")
	if err != nil {
		return nil, err
	}
	return program.Configure(program.Examples())
}

// A Beginner starts an event. The execution is the one before, which has no more
// to do; nil for none.
type Beginner func(config *engine.Config, before *engine.Execution, event []byte) *engine.Execution

// Begin starts an event in the memory of the execution before.
func Begin(config *engine.Config, before *engine.Execution, event []byte) *engine.Execution {
	if before == nil {
		return config.Start(event)
	}
	before.Restart(event)
	return before
}

// NewEngine gives the engine by itself, begun in a way of one's own.
func NewEngine(kind corpus.Kind, events [][]byte, begin Beginner) (Maker, error) {
	w, err := newWorld(events)
	if err != nil {
		return nil, err
	}
	return newEngine(kind, w, events, begin)
}

func newEngine(kind corpus.Kind, w *world, events [][]byte, begin Beginner) (Maker, error) {
	config, err := Embedded()
	r := &engineRun{config: config, begin: begin, write: writes(kind), memory: map[string]json.RawMessage{}}
	for _, event := range events {
		if err == nil {
			err = r.learn(w, event)
		}
	}
	return r.make, err
}

// writes tells the request whose body counts.
func writes(kind corpus.Kind) func(engine.Request) bool {
	path := map[corpus.Kind]string{
		corpus.Identify: "users/create_or_update.json",
		corpus.Group:    "organizations/create_or_update.json",
	}[kind]
	if kind == corpus.Track {
		return func(r engine.Request) bool { return r.Method == "POST" }
	}
	return func(r engine.Request) bool { return r.Path == path }
}

// make is what is timed.
func (r *engineRun) make(event []byte) ([]byte, error) {
	x := r.begin(r.config, r.execution, event)
	r.execution = x
	for {
		request, more := x.Next()
		switch {
		case !more:
			return nil, fmt.Errorf("the event ended %s: %s", x.Outcome().Status, x.Outcome().Reason)
		case r.write(request):
			return request.Body, nil
		case len(request.Recall) == 0:
			return nil, fmt.Errorf("%s %s cannot be answered from memory", request.Method, request.Path)
		}
		x.Recall(request.Recall[0], r.memory[request.Recall[0]])
	}
}

// learn fills the memory with all that an event asks for.
func (r *engineRun) learn(w *world, event []byte) error {
	x := r.config.Start(event)
	for {
		request, more := x.Next()
		if !more {
			return fmt.Errorf("the event ended %s: %s\n%s", x.Outcome().Status, x.Outcome().Reason, event)
		}
		if r.write(request) {
			return nil
		}
		known, ok := map[string]json.RawMessage{
			"user_fields.json":         List(corpus.UserFields()),
			"organization_fields.json": List(corpus.OrganizationFields()),
			"users/search.json":        json.RawMessage(w.users[emailOf(event)].record),
		}[request.Path]
		if !ok || len(request.Recall) == 0 {
			return fmt.Errorf("%s %s was not expected\n%s", request.Method, request.Path, event)
		}
		r.memory[request.Recall[0]] = known
		x.Recall(request.Recall[0], known)
	}
}
