package ruletest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

// A stage is everything that one case runs on.
type stage struct {
	wire      *wire
	runner    *runner.Runner
	simulator http.Handler // nil where a script answers
	mask      *strings.Replacer
}

// play runs the events of a case and returns what came of them beside what the
// case wants. The error is what no update can repair.
func (c *scenario) play(ctx context.Context, program *engine.Program, o Options) ([]comparison, error) {
	s, err := c.setUp(program, o)
	if wrong, refused := errors.AsType[engine.SettingsError](err); refused && c.wantsRefusal() {
		return []comparison{{wantSection, c.want, renderRefusal(wrong)}}, nil
	}
	if err != nil {
		return nil, err
	}
	events, err := s.run(ctx, c.events)
	if err != nil {
		return nil, err
	}
	comparisons := []comparison{{wantSection, c.want, s.mask.Replace(render(events))}}
	if c.wantAccount != nil {
		account, err := s.dump(o)
		if err != nil {
			return nil, err
		}
		comparisons = append(comparisons, comparison{wantAccountSection, c.wantAccount, account})
	}
	return comparisons, nil
}

// setUp builds the stage: the destination, the wire to it, the runner.
func (c *scenario) setUp(program *engine.Program, o Options) (*stage, error) {
	settings := c.overlay(program.Examples())
	config, err := program.Configure(settings)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", settingsSection, err)
	}
	clock := NewClock()
	s := &stage{
		wire: &wire{base: config.BaseURL(), script: c.script},
		mask: masked(program, settings),
	}
	if err := s.connect(c, o, clock.Now); err != nil {
		return nil, err
	}
	s.runner, err = runner.New(program, runner.Options{
		Settings:    settings,
		Transport:   s.wire,
		Clock:       clock,
		Concurrency: 1,
		Limits:      o.Limits,
		Coverage:    o.Coverage,
	})
	return s, err
}

// connect gives the wire its far end.
func (s *stage) connect(c *scenario, o Options, now func() time.Time) (err error) {
	switch {
	case c.script != nil:
		return nil
	case o.Simulator == nil && c.account != nil:
		return fmt.Errorf("%s: there is no simulator here", accountSection)
	case o.Simulator == nil:
		s.wire.script = &script{}
		return nil
	}
	if s.simulator, err = o.Simulator(c.account, now); err != nil {
		return fmt.Errorf("%s: %w", accountSection, err)
	}
	s.wire.simulator = runner.InProcess(s.simulator)
	return nil
}

// run sends the events through the runner, in order, and then looks whether the
// script was played as it is written.
func (s *stage) run(ctx context.Context, events [][]byte) ([]played, error) {
	var all []played
	for _, event := range events {
		outcome, err := s.runner.Run(ctx, event)
		all = append(all, played{calls: s.wire.take(), outcome: outcome})
		switch {
		case s.wire.unexpected != nil:
			return nil, s.unexpected(len(all), len(events))
		case errors.As(err, &all[len(all)-1].stop):
		case err != nil:
			return nil, err
		}
	}
	return all, s.unused(all)
}

// unexpected tells everything that helps to write the missing reply.
func (s *stage) unexpected(event, events int) error {
	var b strings.Builder
	b.WriteString("unexpected request")
	if events > 1 {
		fmt.Fprintf(&b, " by event %d", event)
	}
	fmt.Fprintf(&b, ":\n%s", s.mask.Replace(indent(s.wire.unexpected.String())))
	left := s.wire.script.left()
	if len(left) == 0 {
		left = []string{"none"}
	}
	fmt.Fprintf(&b, "replies that are left:\n%s", indent(strings.Join(left, "\n")))
	return errors.New(b.String())
}

// unused tells which replies were not asked for, and what was.
func (s *stage) unused(events []played) error {
	if s.wire.script == nil || len(s.wire.script.left()) == 0 {
		return nil
	}
	var requests []string
	for _, e := range events {
		for _, c := range e.calls {
			requests = append(requests, fmt.Sprintf("%s %s => %s", c.method, c.target, strings.Join(c.results, ", ")))
		}
		requests = append(requests, "outcome: "+string(e.outcome.Status)+reason(e.outcome))
	}
	return fmt.Errorf("replies that were never asked for:\n%swhat happened:\n%s",
		indent(strings.Join(s.wire.script.left(), "\n")),
		s.mask.Replace(indent(strings.Join(requests, "\n"))))
}

func reason(o engine.Outcome) string {
	if o.Reason == "" {
		return ""
	}
	return ": " + o.Reason
}

// indent sets a text off from the words around it.
func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.Trim(text, "\n"), "\n", "\n  ") + "\n"
}

// dump returns the simulator's state as want-account.json shows it.
func (s *stage) dump(o Options) (string, error) {
	if o.Dump == nil || s.simulator == nil {
		return "", fmt.Errorf("%s: there is no simulator here that can tell its state", wantAccountSection)
	}
	state, err := o.Dump(s.simulator)
	if err != nil {
		return "", fmt.Errorf("%s: %w", wantAccountSection, err)
	}
	return readableAccount(state)
}
