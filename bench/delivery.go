package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/deskrules/deskrules/bench/contender"
	"github.com/deskrules/deskrules/bench/corpus"
	"github.com/deskrules/deskrules/bench/measure"
	"github.com/deskrules/deskrules/bench/synthetic"
	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

func deliveryTables() []table {
	return []table{
		{"runner", "identify events delivered over loopback, beside a bare client", "event", prepareRunner, judgeDeliveries},
		{"runner-alone", "the same by a rule that does next to nothing", "event", prepareRunnerAlone, judgeDeliveries},
		{"stream", "a long input, without a network", "event", prepareStream, judgeStream},
	}
}

// connections is how many calls are made at once.
const connections = 8

// A destination answers at once, and counts who connects.
type destination struct {
	*httptest.Server
	opened atomic.Int64
}

func newDestination() *destination {
	d := &destination{}
	d.Server = httptest.NewUnstartedServer(http.HandlerFunc(reply))
	d.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			d.opened.Add(1)
		}
	}
	d.Start()
	return d
}

// reply knows all fields, and takes everything.
func reply(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, answerTo(r.URL.Path))
}

func answerTo(path string) string {
	if !strings.HasSuffix(path, "/user_fields.json") {
		return `{"user":{"id":1}}`
	}
	keys := strings.Join(corpus.UserFields(), `"},{"key":"`)
	return `{"user_fields":[{"key":"` + keys + `"}],"meta":{"has_more":false}}`
}

// newRunner is the runner of a host that gives nothing but where to.
func newRunner(program *engine.Program, o runner.Options) (*runner.Runner, error) {
	o.Settings, o.Unlimited, o.Concurrency = program.Examples(), true, connections
	return runner.New(program, o)
}

func prepareRunner(e effort) (measure.Contest, func(), error) {
	return prepareDeliveries(mustLoad(), corpus.Make(corpus.Identify, e.events, e.seed), e)
}

// prepareRunnerAlone leaves out what the engine costs, as far as that goes.
func prepareRunnerAlone(e effort) (c measure.Contest, _ func(), err error) {
	program, err := synthetic.Program(synthetic.Applies, 0)
	if err != nil {
		return c, nil, err
	}
	return prepareDeliveries(program, synthetic.Events(e.events), e)
}

// prepareDeliveries has every entry make the same requests, by as many
// connections. The server runs in this process: what it takes and allocates is
// in every row.
func prepareDeliveries(program *engine.Program, events [][]byte, e effort) (c measure.Contest, _ func(), err error) {
	d := newDestination()
	x, err := newDeliverer(program, d, events)
	if err != nil {
		d.Close()
		return c, nil, err
	}
	return measure.Contest{Entries: d.counting(x.ways(events)), Plan: e.batch()}, d.Close, nil
}

// counting adds up the connections that each entry opens.
func (d *destination) counting(entries []measure.Entry) []measure.Entry {
	for i, e := range entries {
		var opened int64
		entries[i].Do = func(item int) {
			before := d.opened.Load()
			e.Do(item)
			opened += d.opened.Load() - before
		}
		entries[i].Note = func() string { return fmt.Sprintf("%d connections", opened) }
	}
	return entries
}

// judgeDeliveries tells of requests what was measured of batches.
func judgeDeliveries(_ effort, c measure.Contest) ([]measure.Result, error) {
	results := c.Run()
	for i := range results {
		results[i].Bytes /= c.Entries[i].Units
		results[i].Allocations /= c.Entries[i].Units
		results[i].Note = fmt.Sprintf("%.0f/s of a processor (%.2f of the first), %s", 1e9/results[i].Each, 1/results[i].Ratio, results[i].Note)
	}
	return results, nil
}

// ways gives the ways to deliver all events.
func (d *deliverer) ways(events [][]byte) []measure.Entry {
	n := float64(len(events))
	return []measure.Entry{
		{Name: "bare client", Units: n, Do: func(int) { share(connections, events, d.send) }},
		{Name: "engine and bare client", Units: n, Do: func(int) { share(connections, events, d.makeAndSend) }},
		{Name: "runner.Run", Units: n, Do: func(int) { share(connections, events, d.run) }},
		{Name: "runner.Deliver", Units: n, Do: func(int) { mustDeliver(d.streams, records(events)) }},
	}
}

// A deliverer can deliver events in several ways.
type deliverer struct {
	base    string
	client  *http.Client
	config  *engine.Config
	fields  []byte
	idle    sync.Pool                // of executions
	sends   map[*byte]engine.Request // by the first byte of their event
	once    *runner.Runner           // for Run
	streams *runner.Runner           // for Deliver
}

func newDeliverer(program *engine.Program, to *destination, events [][]byte) (*deliverer, error) {
	base := to.URL + "/"
	config, err := program.Configure(program.Examples())
	if err != nil {
		return nil, err
	}
	d := &deliverer{
		base: base, config: config, sends: map[*byte]engine.Request{}, fields: contender.List(corpus.UserFields()),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}},
	}
	for _, event := range events {
		_, d.sends[&event[0]] = d.request(nil, event)
	}
	if d.once, err = newRunner(program, runner.Options{BaseURL: base}); err == nil {
		d.streams, err = newRunner(program, runner.Options{BaseURL: base})
	}
	return d, err
}

// request has the engine make a request, the list of fields being known.
func (d *deliverer) request(before *engine.Execution, event []byte) (*engine.Execution, engine.Request) {
	x := contender.Begin(d.config, before, event)
	request, _ := x.Next()
	if request.Method == http.MethodGet {
		x.Recall(request.Recall[0], d.fields)
		request, _ = x.Next()
	}
	return x, request
}

// send is what a client does that knows the request.
func (d *deliverer) send(event []byte) { d.post(d.sends[&event[0]]) }

func (d *deliverer) makeAndSend(event []byte) {
	before, _ := d.idle.Get().(*engine.Execution)
	x, request := d.request(before, event)
	d.post(request)
	d.idle.Put(x)
}

func (d *deliverer) post(r engine.Request) {
	request, err := http.NewRequest(http.MethodPost, d.base+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Authorization", "Bearer simulated")
	request.Header.Set("Content-Type", "application/json")
	response, err := d.client.Do(request)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	if answer, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK || len(answer) == 0 {
		panic(fmt.Sprint("status ", response.StatusCode, ": ", err))
	}
}

func (d *deliverer) run(event []byte) {
	outcome, err := d.once.Run(context.Background(), event)
	mustBeDelivered(outcome, err)
}

func mustDeliver(r *runner.Runner, records iter.Seq2[runner.Record, error]) {
	err := r.Deliver(context.Background(), records, func(result runner.Result) { mustBeDelivered(result.Outcome, nil) })
	if err != nil {
		panic(err)
	}
}

func mustBeDelivered(outcome engine.Outcome, err error) {
	if outcome.Status != engine.Delivered {
		panic(fmt.Sprint(outcome.Status, " ", outcome.Reason, " ", err))
	}
}

func records(events [][]byte) iter.Seq2[runner.Record, error] {
	return func(yield func(runner.Record, error) bool) {
		for i, event := range events {
			if !yield(runner.Record{Line: i + 1, Event: event}, nil) {
				return
			}
		}
	}
}
