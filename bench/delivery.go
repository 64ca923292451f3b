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
	"sync/atomic"

	"github.com/deskrules/deskrules/bench/contender"
	"github.com/deskrules/deskrules/bench/corpus"
	"github.com/deskrules/deskrules/bench/measure"
	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

func deliveryTables() []table {
	return []table{
		{"runner", "identify events delivered over loopback, beside a bare client", "event", measureRunner},
		{"stream", "a long input, without a network", "event", measureStream},
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
func newRunner(o runner.Options) (*runner.Runner, error) {
	program := mustLoad()
	o.Settings, o.Unlimited, o.Concurrency = program.Examples(), true, connections
	return runner.New(program, o)
}

// measureRunner has every entry make the same requests, by as many connections.
// The server runs in this process: what it takes and allocates is in every row.
func measureRunner(e effort) ([]measure.Result, error) {
	d := newDestination()
	defer d.Close()
	events := corpus.Make(corpus.Identify, e.events, e.seed)
	deliverer, err := newDeliverer(d, events)
	if err != nil {
		return nil, err
	}
	list := []measure.Entry{
		{Name: "bare client", Do: func(int) { share(connections, events, deliverer.send) }},
		{Name: "bare client, engine", Do: func(int) { share(connections, events, deliverer.makeAndSend) }},
		{Name: "runner.Run", Do: func(int) { share(connections, events, deliverer.run) }},
		{Name: "runner.Deliver", Do: func(int) { deliverer.deliver(records(events)) }},
	}
	opened := make([]int64, len(list))
	for i := range list {
		list[i].Units = float64(len(events))
		list[i].Do = d.counting(&opened[i], list[i].Do)
	}
	results := measure.Interleave(list, measure.Plan{Items: 1, Turn: 1, Rounds: e.rounds})
	for i := range results {
		results[i].Bytes /= float64(len(events))
		results[i].Allocations /= float64(len(events))
		results[i].Note = fmt.Sprintf("%.0f events a second, %d connections opened", 1e9/results[i].Each, opened[i])
	}
	return results, nil
}

// counting adds up the connections that are opened meanwhile.
func (d *destination) counting(opened *int64, do func(int)) func(int) {
	return func(i int) {
		before := d.opened.Load()
		do(i)
		*opened += d.opened.Load() - before
	}
}

// A deliverer can deliver events in several ways.
type deliverer struct {
	base    string
	client  *http.Client
	config  *engine.Config
	fields  []byte
	bodies  map[*byte][]byte // by the first byte of their event
	once    *runner.Runner   // for Run
	streams *runner.Runner   // for Deliver
}

func newDeliverer(d *destination, events [][]byte) (*deliverer, error) {
	config, err := contender.Embedded()
	if err != nil {
		return nil, err
	}
	x := &deliverer{
		base: d.URL + "/", config: config, bodies: map[*byte][]byte{}, fields: contender.List(corpus.UserFields()),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}},
	}
	for _, event := range events {
		x.bodies[&event[0]] = x.body(event)
	}
	if x.once, err = newRunner(runner.Options{BaseURL: x.base}); err == nil {
		x.streams, err = newRunner(runner.Options{BaseURL: x.base})
	}
	return x, err
}

// body has the engine make a body, the list of fields being known.
func (d *deliverer) body(event []byte) []byte {
	x := contender.Begin(d.config, nil, event)
	request, _ := x.Next()
	if request.Method == http.MethodGet {
		x.Recall(request.Recall[0], d.fields)
		request, _ = x.Next()
	}
	return request.Body
}

// send is what a client does that knows the body.
func (d *deliverer) send(event []byte) { d.post(d.bodies[&event[0]]) }

func (d *deliverer) makeAndSend(event []byte) { d.post(d.body(event)) }

func (d *deliverer) post(body []byte) {
	request, err := http.NewRequest(http.MethodPost, d.base+"users/create_or_update.json", bytes.NewReader(body))
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

func (d *deliverer) deliver(records iter.Seq2[runner.Record, error]) {
	mustDeliver(d.streams, records)
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
