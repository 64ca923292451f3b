package runner

import "context"

// One delivers one record and gives its result, as [Runner.Deliver] does for
// many, in the caller's goroutine. Where records are looked at one by one, that
// costs less. It does not use Options.Journal. The error is that of [Runner.Run].
func (r *Runner) One(ctx context.Context, record Record) (Result, error) {
	if outcome, settled := r.withoutTrying(record); settled {
		return Result{Record: record, Outcome: outcome}, nil
	}
	j := r.admit(record.Event)
	defer j.turn.leave()
	j.turn.wait(ctx, r.halted)
	outcome, err := r.execute(ctx, j)
	return Result{Record: record, Type: j.id.Type, MessageID: j.id.MessageID, Outcome: outcome, Explanation: j.explanation()}, err
}
