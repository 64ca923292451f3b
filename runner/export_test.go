package runner

import "github.com/deskrules/deskrules/engine"

// A JournalFile is what tests may put between a journal and its file.
type JournalFile = journalFile

// WrapFile puts something between a journal and its file.
func (j *Journal) WrapFile(wrap func(JournalFile) JournalFile) { j.file = wrap(j.file) }

// Scribble has executions whose event has ended work on another one, so that
// whoever still holds what they gave for theirs has something else in hand.
func (r *Runner) Scribble(event []byte) {
	var all []*engine.Execution
	for x, there := r.idle.idle.Get().(*engine.Execution); there; x, there = r.idle.idle.Get().(*engine.Execution) {
		x.Restart(event)
		x.Next()
		all = append(all, x)
	}
	for _, x := range all {
		r.idle.idle.Put(x)
	}
}
