package runner

// A JournalFile is what tests may put between a journal and its file.
type JournalFile = journalFile

// WrapFile puts something between a journal and its file.
func (j *Journal) WrapFile(wrap func(JournalFile) JournalFile) { j.file = wrap(j.file) }
