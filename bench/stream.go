package main

import (
	"fmt"
	"io"
	"net/http"
	"runtime/metrics"
	"strings"

	"github.com/deskrules/deskrules/bench/measure"
	"github.com/deskrules/deskrules/bench/synthetic"
	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// An answering transport is a destination without a network, so that a
// gigabyte does not take half an hour.
type answering struct{}

func (answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Request: r, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(answerTo(r.URL.Path))),
	}, nil
}

// A lines reader makes an input of so many bytes, of events that each have a
// user of their own.
type lines struct {
	events [][]byte
	left   int
	made   int
	rest   []byte // of the line at hand
	heap   *heap
	size   int
}

func (l *lines) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		if l.left <= 0 {
			return 0, io.EOF
		}
		l.next()
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

func (l *lines) next() {
	event := l.events[l.made%len(l.events)]
	l.rest = fmt.Appendf(nil, `{"userId":"user-%d",%s`+"\n", l.made, event[1:])
	l.left -= len(l.rest)
	l.made++
	if l.made%100 == 0 {
		l.heap.look(1 - float64(max(l.left, 0))/float64(l.size))
	}
}

// A heap keeps the most that was in use in each quarter of a run.
type heap struct{ most [4]uint64 }

// look is told which part of the run is over.
func (h *heap) look(part float64) {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	quarter := min(int(part*4), 3)
	h.most[quarter] = max(h.most[quarter], sample[0].Value.Uint64())
}

func (h *heap) String() string {
	mb := func(quarter int) float64 { return float64(h.most[quarter]) / (1 << 20) }
	return fmt.Sprintf("%.1f, %.1f, %.1f and %.1f MB in use at most, quarter by quarter", mb(0), mb(1), mb(2), mb(3))
}

// streamed is how long the events of a stream are: a gigabyte of small ones
// would take ten minutes.
const streamed = 16 << 10

// A stream sends a long input through a runner, once.
type stream struct {
	runner *runner.Runner
	in     *lines
}

func newStream(e effort) (*stream, error) {
	r, err := newRunner(mustLoad(), runner.Options{Transport: answering{}})
	bytes := e.rounds * (1 << 30) / 40
	in := &lines{events: withoutUser([][]byte{synthetic.Sized(streamed)}), left: bytes, size: bytes, heap: &heap{}}
	return &stream{r, in}, err
}

func (s *stream) run() { mustDeliver(s.runner, runner.ReadEvents(s.in, engine.Limits{})) }

func prepareStream(effort) (measure.Contest, func(), error) { return measure.Contest{}, nil, nil }

// judgeStream looks at one long run: there is nothing to take turns with.
func judgeStream(e effort, _ measure.Contest) ([]measure.Result, error) {
	s, err := newStream(e)
	if err != nil {
		return nil, err
	}
	start := measure.Processor()
	s.run()
	took := float64((measure.Processor() - start).Nanoseconds()) / float64(s.in.made)
	return []measure.Result{{
		Name: fmt.Sprintf("%d MB", s.in.size>>20), Ratio: 1, Low: 1, High: 1, Nanoseconds: took, Each: took, Note: s.in.heap.String(),
	}}, nil
}

// withoutUser renames the member that every line gets anew, since no key may be
// there twice.
func withoutUser(events [][]byte) [][]byte {
	for i, event := range events {
		events[i] = []byte(strings.Replace(string(event), `"userId":`, `"user":`, 1))
	}
	return events
}
