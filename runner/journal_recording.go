package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/deskrules/deskrules/engine"
)

// A journalInput gives the records of one Deliver their places in the journal.
type journalInput struct {
	journal *Journal
	number  int
	next    int // ordinal
	known   int // how many records an earlier run got to
	noted   int // and how many the journal can tell that this one did
}

// nextInput is the place of one Deliver; nil without a journal.
func (r *Runner) nextInput() *journalInput {
	if r.options.Journal == nil {
		return nil
	}
	in := &journalInput{journal: r.options.Journal, number: int(r.inputs.Add(1)) - 1}
	if index := in.journal.inputs[in.number]; index != nil {
		in.known, in.noted = index.records, index.records
	}
	return in
}

// last is the ordinal of the latest record.
func (in *journalInput) last() int {
	if in == nil {
		return 0
	}
	return in.next - 1
}

// given counts a result. Of an event that has ended the journal has a line; of
// one that is to be tried again there may be none.
func (in *journalInput) given(ordinal int, open bool) {
	switch {
	case in == nil:
	case ordinal < in.known:
		in.journal.seen.Add(1)
	case !open:
		in.noted = max(in.noted, ordinal+1)
	}
}

// noteUpTo has the journal know of a record, so that a run can tell when its
// input has lost it: what was written from its result is kept then.
func (in *journalInput) noteUpTo(ordinal int) error {
	if in == nil || ordinal < in.noted {
		return nil
	}
	return in.note()
}

// note has the journal know how many records were read.
func (in *journalInput) note() error {
	if in == nil || in.next <= in.noted {
		return nil
	}
	in.noted = in.next
	return in.journal.commit(journalLine{Kind: lineRead, journalPlace: journalPlace{Input: in.number, Record: in.next - 1}})
}

// missing is the error of an input that ends before what the journal has of it.
func (in *journalInput) missing() error {
	if in == nil || in.next >= in.known {
		return nil
	}
	return fmt.Errorf("the journal %s has %s of this input, and it ends after %s: give the input of that run, which may have grown at its end, or name a new journal",
		in.journal.name, numberOf(in.known), numberOf(in.next))
}

// numberOf counts events.
func numberOf(events int) string {
	if events == 1 {
		return "1 event"
	}
	return fmt.Sprintf("%d events", events)
}

// recording finds what the journal has of the next record, or begins it. The
// error is that of another input, or of a journal that cannot be read.
func (in *journalInput) recording(record Record) (*recording, error) {
	if in == nil {
		return nil, nil
	}
	r := &recording{journal: in.journal, where: where(record)}
	r.place = journalPlace{Input: in.number, Record: in.next, Event: recordDigest(record)}
	in.next++
	finished, past := in.journal.inputs[in.number].find(r.place.Record)
	if finished > 0 {
		past = []int64{finished}
	}
	if len(past) == 0 {
		return r, nil
	}
	first, err := in.journal.readLine(past[0])
	switch {
	case err != nil:
		return nil, err
	case first.Event != r.place.Event:
		return nil, fmt.Errorf("%s is not the event that the journal %s has in its place: give the input of that run, which may have grown at its end, or name a new journal",
			r.where, in.journal.name)
	}
	r.past, r.kept, r.ended = past, true, first.Outcome
	return r, nil
}

// recordDigest tells records apart. A dead letter is not the event that it
// holds: that one may be done where the dead letter is not.
func recordDigest(r Record) string {
	if r.Before == "" {
		return digest(r.Event)
	}
	return digest(r.Event, []byte(r.Before))
}

// where is a record as errors name it.
func where(r Record) string {
	at := fmt.Sprintf("line %d", r.Line)
	if r.Element > 0 {
		at = fmt.Sprintf("element %d (line %d)", r.Element, r.Line)
	}
	return at
}

// A recording is what a journal keeps of one event. The methods of a nil one,
// where there is no journal, do nothing.
type recording struct {
	journal *Journal
	place   journalPlace
	where   string          // in the input
	ended   *journalOutcome // in an earlier run; nil where it has not
	past    []int64         // the offsets of the lines of earlier runs

	held    []any // answers and recalls that are not in the file
	kept    bool  // that they belong there: the event has written something
	sent    bool  // a call that must not be repeated has no answer yet
	more    bool  // the event had more to ask for when it was given up
	repeats bool  // its last answer came to a request that may be made again
}

// begun reports whether an earlier run got to the event.
func (r *recording) begun() bool { return r != nil && len(r.past) > 0 }

// over reports whether the event ended in an earlier run.
func (r *recording) over() bool { return r != nil && r.ended != nil }

// resume takes the outcome from the journal. It needs no place among the events
// that are delivered. Among the results it has one, where it becomes a dead
// letter: those of one user are to stay in the order of the input.
func (w *work) resume(from *recording, d *delivery) {
	w.outcome, w.settled, w.resumed = from.ended.outcome(), true, true
	w.job = &job{turn: d.runner.order.join(nil), id: engine.Identity{Type: from.ended.Type, MessageID: from.ended.MessageID}}
	if !w.outcome.Status.Done() {
		w.keys = d.identifier.Identify(w.record.Event).Order
	}
}

func (r *recording) line(kind string) journalLine {
	return journalLine{Kind: kind, journalPlace: r.place}
}

// calling is for before each attempt of a call. It returns when the journal has
// all that is needed to go on if this process ends before the answer.
func (r *recording) calling(q engine.Request) error {
	if r == nil {
		return nil
	}
	r.repeats = false
	once := q.Write() && !q.Idempotent
	var lines []any
	if r.kept || once {
		lines, r.held = r.held, nil
	}
	if once {
		sent := r.line(lineSent)
		sent.Request = newJournalRequest(q)
		lines = append(lines, sent)
		r.kept, r.sent = true, true
	}
	return r.journal.commit(lines...)
}

// awaits reports whether the journal says of a call that it is under way.
func (r *recording) awaits() bool { return r != nil && r.sent }

// refused is for after such a call that the destination has certainly not
// carried out. What comes next may be a long wait.
func (r *recording) refused() error {
	r.sent = false
	return r.journal.commit(r.line(lineUntaken))
}

// answered is for the answer that the engine is given.
func (r *recording) answered(q engine.Request, response engine.Response, v engine.Verdict) {
	if r == nil {
		return
	}
	answer := r.line(lineAnswer)
	answer.Request, answer.Response = newJournalRequest(q), newJournalResponse(response)
	r.held = append(r.held, answer)
	r.kept = r.kept || q.Write()
	r.sent = false
	r.repeats = (v.Retry || v.Stop) && (q.Idempotent || v.NotTaken)
}

// recalled is for what the engine is given from memory.
func (r *recording) recalled(key string, value json.RawMessage) {
	if r == nil {
		return
	}
	recall := r.line(lineRecall)
	recall.Key, recall.Value = key, (*journalBytes)(&value)
	r.held = append(r.held, recall)
}

// givenUp is for an event that has more to ask for and may not.
func (r *recording) givenUp() {
	if r != nil {
		r.more = true
	}
}

// finish is for the end of an event. It returns when the outcome is on disk, or
// what a later run needs to go on with the event.
func (r *recording) finish(id engine.Identity, o engine.Outcome) error {
	switch {
	case r == nil:
		return nil
	case !r.goesOn(o):
		finished := r.line(lineFinished)
		finished.Outcome = newJournalOutcome(id, o)
		return r.journal.commit(finished)
	case r.more && r.kept:
		return r.journal.commit(r.held...)
	default:
		return nil // the last answer is what is to be asked for again
	}
}

// goesOn reports whether a later run may do better with an event without doing
// anything twice. To the engine, which knows of no journal, a thing that was
// done makes an event uncertain that was given up behind it.
func (r *recording) goesOn(o engine.Outcome) bool {
	if r == nil {
		return false
	}
	return o.Status == engine.Unfinished || o.Status == engine.Uncertain && (r.more || r.repeats)
}

// call makes one attempt, between what the journal has to know before and
// after it.
func (r *Runner) call(ctx context.Context, j *job, q engine.Request) answer {
	if err := j.recording.calling(q); err != nil {
		a := failure(engine.Refused, "not sent, as the journal could not be written")
		a.stop = unwritten(err)
		return a
	}
	a := r.caller.do(ctx, q)
	if j.recording.awaits() && r.program.Judge(a.Response).NotTaken {
		if err := j.recording.refused(); err != nil {
			a.stop = unwritten(err)
		}
	}
	return a
}

// record keeps how an event ended. Where that fails the run stops, and the
// result counts all the same: it is what happened.
func (r *Runner) record(j *job, o engine.Outcome) {
	if err := j.recording.finish(j.id, o); err != nil {
		r.halt(unwritten(err))
	}
}

// replay brings an event to where an earlier run left it.
func (r *Runner) replay(j *job) {
	if j.recording == nil {
		return
	}
	for _, at := range j.recording.past {
		line, err := j.recording.journal.readLine(at)
		var stop *StopError
		if err != nil {
			stop = &StopError{Problem: err.Error(), Advice: "see to the disk and run the same command again"}
		} else {
			stop = r.repeat(j, line)
		}
		if stop != nil {
			r.halt(stop)
			j.recording = nil // what follows is not what it is about
			return
		}
	}
	if j.recording.awaits() {
		r.loseAnswer(j)
	}
	r.learn(j)
}

// repeat does again what a line tells. The StopError is that of a line which
// does not fit.
func (r *Runner) repeat(j *job, line journalLine) *StopError {
	if line.Kind == lineUntaken {
		j.recording.sent = false
		return nil
	}
	q, more := j.execution.Next()
	switch {
	case !more:
		return j.recording.misfit(line, "nothing more")
	case line.Kind == lineRecall && line.Value != nil && slices.Contains(q.Recall, line.Key):
		j.execution.Recall(line.Key, json.RawMessage(*line.Value))
	case line.Kind == lineRecall || line.Request == nil || *line.Request != *newJournalRequest(q):
		return j.recording.misfit(line, newJournalRequest(q).String())
	case line.Kind == lineSent:
		j.recording.sent = true
	case line.Kind == lineAnswer && line.Response != nil:
		j.recording.sent = false
		r.relive(j, q, line.Response.response())
	default:
		return j.recording.misfit(line, newJournalRequest(q).String())
	}
	return nil
}

func (r *recording) misfit(line journalLine, asked string) *StopError {
	was := "an answer from memory"
	if line.Request != nil {
		was = line.Request.String()
	}
	return &StopError{
		Problem: fmt.Sprintf("the journal %s does not fit the rules: for %s it has %s, and they ask for %s", r.journal.name, r.where, was, asked),
		Advice:  "go on with the version of deskrules that wrote it, or name a new journal, which begins anew and sends everything again",
	}
}

// loseAnswer tells the engine of a call that was under way when its run was
// killed. Whether it was taken is for the engine to find out, if it can be.
func (r *Runner) loseAnswer(j *job) {
	q, _ := j.execution.Next() // there is one: the line has been compared with it
	lost := engine.Response{Failure: engine.Reset, Detail: "the run was ended while this call was under way"}
	verdict := r.program.Judge(lost)
	if verdict.NotTaken {
		j.recording.sent = false // so says the policy, and the call is made again
		return
	}
	r.relive(j, q, lost)
	j.recording.answered(q, lost, verdict)
}

// relive gives the engine an answer that did not come now.
func (r *Runner) relive(j *job, q engine.Request, response engine.Response) {
	if q.Write() && !q.Idempotent && !r.program.Judge(response).NotTaken {
		j.doubtful = true
	}
	j.execution.Respond(response)
}
