package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/deskrules/deskrules/runner/ruletest"
)

// readReplies reads the file of --replies, and gives its text, too, for those who
// need the replies anew.
func readReplies(name string) (*ruletest.Replies, []byte, error) {
	if name == "" {
		return nil, nil, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, fmt.Errorf("replies %s: %w", name, pathError(err))
	}
	replies, err := ruletest.ReadReplies(text)
	if err != nil {
		return nil, nil, fmt.Errorf("replies %s: %w", name, err)
	}
	return replies, text, nil
}

// tellLeft names the replies that nothing asked for: they may be misspelt.
func tellLeft(sh shell, replies *ruletest.Replies) {
	if replies == nil {
		return
	}
	if left := replies.Left(); len(left) > 0 {
		complain(sh.err, "replies that were never asked for:\n  "+strings.Join(left, "\n  "))
	}
}

// readAnswers reads what answers in the place of a destination, and tries whether
// it can be used: replies, over the simulator where there is one.
func readAnswers(destination, account, replies string, hints *hinter) (answers, error) {
	a := answers{made: destination != simulated, hints: hints}
	if a.made && account != "" {
		return a, noSimulator(destination)
	}
	var err error
	if _, a.replies, err = readReplies(replies); err != nil || account == "" {
		return a, err
	}
	if a.account, err = os.ReadFile(account); err == nil {
		_, err = caseSimulator(a.account, time.Now)
	}
	if err != nil {
		return a, fmt.Errorf("account %s: %w", account, pathError(err))
	}
	return a, nil
}

// A hinter says which endpoints a simulator was asked for and does not have, each
// once: a refusal by the simulator looks like a mistake of the rules. Nil says
// nothing.
type hinter struct {
	w    io.Writer
	mu   sync.Mutex
	told map[string]bool
}

func newHinter(w io.Writer) *hinter { return &hinter{w: w, told: map[string]bool{}} }

// over listens to the answers of a simulator.
func (h *hinter) over(simulator http.Handler) http.Handler { return hinted{simulator, h} }

func (h *hinter) tell(endpoint string) {
	if h == nil || endpoint == "" {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.told[endpoint] {
		h.told[endpoint] = true
		complain(h.w, fmt.Sprintf("the simulator does not have %s; docs/testing.md lists what it has, and says how to answer all else", endpoint))
	}
}

// A hinted simulator is one that is listened to.
type hinted struct {
	http.Handler
	hints *hinter
}

func (s hinted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Handler.ServeHTTP(w, r)
	s.hints.tell(lacked(w.Header()))
}
