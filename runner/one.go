package runner

import (
	"context"
	"encoding/json"

	"github.com/deskrules/deskrules/engine"
)

// One delivers one record and gives its result, as [Runner.Deliver] does for
// many, in the caller's goroutine. Where records are looked at one by one, that
// costs less. It does not use Options.Journal. The error is that of [Runner.Run].
func (r *Runner) One(ctx context.Context, record Record) (Result, error) {
	if outcome, settled := r.withoutTrying(record); settled {
		return Result{Record: record, Outcome: outcome}, nil
	}
	j := r.enter(record.Event)
	defer j.turn.leave()
	j.told = &transcript{}
	j.turn.wait(ctx, r.halted)
	outcome, err := r.execute(ctx, j)
	return Result{
		Record: record, Type: j.id.Type, MessageID: j.id.MessageID, Outcome: outcome,
		Explanation: j.explanation(), told: j.told,
	}, err
}

// Explain gives the explanation of a result of [Runner.One], without Options.Explain,
// too: where few of many results have to be explained, that costs less. Nothing is
// sent. The rules are told again what they were told, and so do the same again.
// It gives nil where the event did not get as far as the rules.
func (r *Runner) Explain(result Result) *engine.Explanation {
	if result.Explanation != nil || result.told == nil {
		return result.Explanation
	}
	again := &job{}
	defer again.recoverTo(&again.bug) // the event may have ended so before
	x := r.config.Explain(result.Record.Event)
	for _, tell := range *result.told {
		x.Next()
		tell(x)
	}
	x.Next()
	return x.Explanation()
}

// A transcript is what an execution was told, in its order. The methods of a nil
// one, where nobody wants to know, do nothing.
type transcript []func(*engine.Execution)

func (t *transcript) answered(response engine.Response) {
	if t != nil {
		*t = append(*t, func(x *engine.Execution) { x.Respond(response) })
	}
}

func (t *transcript) recalled(key string, value json.RawMessage) {
	if t != nil {
		*t = append(*t, func(x *engine.Execution) { x.Recall(key, value) })
	}
}
