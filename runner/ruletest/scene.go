package ruletest

import (
	"bytes"
	"net/http"
	"strings"
	"sync"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// A Scene is what a case begins with, for those who want to see what happens
// and not whether it is what the case wants.
type Scene struct {
	// Records are the events of the case, with the lines of its file.
	Records []runner.Record
	// Account is what a simulator holds at the start; nil where the case does
	// not say.
	Account []byte
	// Replies answer the requests; nil where a simulator does.
	Replies *Replies

	scenario *scenario
}

// ReadScene reads the text of a case.
func ReadScene(file []byte) (Scene, error) {
	c, err := parse(file)
	if err != nil {
		return Scene{}, err
	}
	s := Scene{Account: c.account, scenario: c}
	for i, event := range c.events {
		s.Records = append(s.Records, runner.Record{Line: c.lines[i], Event: event})
	}
	if c.script != nil {
		s.Replies = &Replies{script: c.script}
	}
	return s, nil
}

// Settings gives the settings of the case: its own, laid over the examples of
// the rules.
func (s Scene) Settings(program *engine.Program) map[string]any {
	return s.scenario.overlay(program.Examples())
}

// Replies are answers in the form of the section replies.http. They are safe for
// concurrent use.
type Replies struct {
	mu     sync.Mutex // guards how often each was given
	script *script
}

// ReadReplies reads replies from a file of their own.
func ReadReplies(text []byte) (*Replies, error) {
	plain := bytes.TrimPrefix(text, []byte("\ufeff"))
	s := section{name: repliesSection, text: strings.ReplaceAll(string(plain), "\r\n", "\n"), line: 1}
	read, err := readReplies(s)
	if err != nil {
		return nil, err
	}
	return &Replies{script: read}, nil
}

// Answer gives the reply to a request, of a destination with that base URL. It
// reports false where there is none, or none that is left. The error is that of
// a call that gets no answer, as the replies say.
func (r *Replies) Answer(request *http.Request, base string) (response *http.Response, found bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	reply := r.script.reply(request.Method, sentTarget(request.URL, base))
	if reply == nil {
		return nil, false, nil
	}
	response, err = reply.response(request)
	return response, true, err
}

// Left describes the replies that were not given, one a line.
func (r *Replies) Left() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.script.left()
}
