package runner

import (
	"bytes"
	"slices"
	"strings"
	"sync"

	"github.com/deskrules/deskrules/engine"
)

// executions keeps those whose event has ended, so that the next event finds
// their memory ready. All that one of them gave for an event before is written
// over then: whatever is to last, or goes to a host, is a copy.
type executions struct{ idle sync.Pool }

func (e *executions) start(c *engine.Config, event []byte) *engine.Execution {
	x, there := e.idle.Get().(*engine.Execution)
	if !there {
		return c.Start(event)
	}
	x.Restart(event)
	return x
}

// release takes back the execution of an event that has ended. One that somebody
// may still ask for its explanation stays, and one that panicked is in no state
// to be used again.
func (r *Runner) release(j *job) {
	if j.execution == nil || j.broken || j.told != nil || r.options.Explain {
		return
	}
	r.idle.idle.Put(j.execution)
	j.execution = nil
}

// ownOutcome copies an outcome. Names of rules and steps are the program's.
func ownOutcome(o engine.Outcome) engine.Outcome {
	o.Rules = append([]string{}, o.Rules...)
	o.Reason, o.Answer = strings.Clone(o.Reason), bytes.Clone(o.Answer)
	o.Warnings = append([]engine.Warning(nil), o.Warnings...)
	for i := range o.Warnings {
		o.Warnings[i].Text = strings.Clone(o.Warnings[i].Text)
	}
	o.Requests = append([]engine.Sent(nil), o.Requests...)
	for i := range o.Requests {
		o.Requests[i].Path = strings.Clone(o.Requests[i].Path)
	}
	return o
}

// ownRequest copies a request for somebody who may keep it. Names, methods and
// header are the program's.
func ownRequest(q engine.Request) engine.Request {
	q.Path, q.Query, q.Link = strings.Clone(q.Path), strings.Clone(q.Query), strings.Clone(q.Link)
	q.Body, q.Counts, q.Recall = bytes.Clone(q.Body), slices.Clone(q.Counts), slices.Clone(q.Recall)
	for i := range q.Counts {
		q.Counts[i].Key = strings.Clone(q.Counts[i].Key)
	}
	for i := range q.Recall {
		q.Recall[i] = strings.Clone(q.Recall[i])
	}
	return q
}
