package engine

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskrules/deskrules/internal/spell"
)

// Retry says how calls are repeated.
type Retry struct {
	// Attempts is how often one call is made at most, the first included.
	Attempts int
	// Elapsed is how long after the first attempt another may start.
	Elapsed time.Duration
	// First and Most are the shortest and the longest wait of the exponential
	// backoff.
	First, Most time.Duration
	// Jitter is the part of such a wait that is left to chance, 0 to 1.
	Jitter float64
}

// A Wait says how long to wait before a call is repeated.
type Wait int

const (
	// WaitBackoff means exponential backoff. The zero value is no Wait.
	WaitBackoff Wait = iota + 1
	// WaitRetryAfter means as long as the Retry-After header says, and backoff
	// where there is none.
	WaitRetryAfter
)

// A Verdict is what the destination's policy says of one response.
type Verdict struct {
	// Attempts is how often a call is made at most that is answered so.
	Attempts int

	// Retry asks for the call to be repeated after Wait, if it is idempotent
	// or NotTaken, and attempts are left. The engine never shows a response
	// with Retry to a rule: it means that retries ran out.
	Retry bool
	Wait  Wait
	// NotTaken means that the call certainly had no effect.
	NotTaken bool
	// Stop means that no other event can do better: the run ends.
	Stop bool
	// Down means that the destination itself seems to be out of order, which
	// counts towards opening the [Circuit].
	Down bool
}

// A Circuit says when a run pauses as a whole because the destination is out
// of order, rather than have every event find that out for itself.
type Circuit struct {
	// After is how many calls in a row have to be answered with [Verdict.Down],
	// of whatever events.
	After int
	// First and Most are the shortest and the longest pause: each is twice the
	// one before. One call goes out after each, to look.
	First, Most time.Duration
	// Stop is how long it may last until the run ends.
	Stop time.Duration
}

// A policy is the compiled retry policy.
type policy struct {
	retry    []retryRule
	notTaken []outcomeRule
	stop     []outcomeRule
	down     []outcomeRule
}

// An outcomeRule matches responses.
type outcomeRule struct {
	statuses statusSet
	except   statusSet
	network  []Failure
	codes    []string // of the destination's error; none is any
}

type retryRule struct {
	outcomeRule
	wait     Wait
	attempts int // 0 is the policy's
}

func (p *Program) matches(r outcomeRule, response Response) bool {
	if response.Failure != Answered {
		return slices.Contains(r.network, response.Failure)
	}
	return r.statuses.has(response.Status) && !r.except.has(response.Status) &&
		(len(r.codes) == 0 || slices.Contains(r.codes, p.errorCodeOf(response)))
}

// errorCodeOf gives the destination's own code of a refusal; empty for none.
func (p *Program) errorCodeOf(response Response) string {
	text := replyText(response.Body)
	if scanJSON(text, Limits{}.WithDefaults().Depth, 0) != nil {
		return ""
	}
	return p.readReply(p.errorCode, rawValue("{}"), text, nil)
}

// readReply gives the text that a source finds in a reply; empty for none.
func (p *Program) readReply(s *sourced, config value, reply string, coverage *Coverage) string {
	if s == nil {
		return ""
	}
	slots := make([]value, p.scopeSize)
	slots[slotConfig], slots[slotReply] = config, rawValue(reply)
	found, err := s.value(&workspace{}, slots)
	coverage.value(s, &found)
	if err != nil {
		return ""
	}
	return cut(found.value.text(), maxText)
}

// Judge applies the destination's policy to a response. It is a pure function.
func (p *Program) Judge(response Response) Verdict {
	v := Verdict{Attempts: p.retry.Attempts}
	for _, r := range p.policy.retry {
		if !p.matches(r.outcomeRule, response) {
			continue
		}
		v.Retry, v.Wait = true, r.wait
		if r.attempts > 0 {
			v.Attempts = r.attempts
		}
		break
	}
	matches := func(r outcomeRule) bool { return p.matches(r, response) }
	v.NotTaken = slices.ContainsFunc(p.policy.notTaken, matches)
	v.Stop = slices.ContainsFunc(p.policy.stop, matches)
	v.Down = slices.ContainsFunc(p.policy.down, matches)
	return v
}

// A statusSet is a list of statuses and of classes such as 5xx.
type statusSet struct {
	exact   []int
	classes []int // 5 for 5xx
}

func (s statusSet) has(status int) bool {
	return slices.Contains(s.exact, status) || slices.Contains(s.classes, status/100)
}

func (c *compiler) statuses(texts []text) statusSet {
	var set statusSet
	for _, t := range texts {
		if class, isClass := strings.CutSuffix(t.value, "xx"); isClass && len(class) == 1 && class[0] >= '1' && class[0] <= '5' {
			set.classes = append(set.classes, int(class[0]-'0'))
			continue
		}
		status, err := strconv.Atoi(t.value)
		if err != nil || status < 100 || status > 599 {
			c.errorf(t.at, "Write 429, or 5xx for a whole class.", "%q is no HTTP status", t.value)
			continue
		}
		set.exact = append(set.exact, status)
	}
	return set
}

// mostAttempts bounds attempts: beyond it, elapsed is what is meant.
const mostAttempts = 1000

// retry compiles the retry policy. Each part that is not written has a default.
func (c *compiler) retry(n retryNode) {
	p := c.program
	p.retry = Retry{Attempts: 8, Elapsed: 15 * time.Minute, First: time.Second, Most: time.Minute, Jitter: 0.5}
	if n.Attempts.given() {
		p.retry.Attempts = c.count(n.Attempts, 1, mostAttempts)
	}
	c.setDuration(&p.retry.Elapsed, n.Elapsed)
	c.setDuration(&p.retry.First, n.Backoff.First)
	c.setDuration(&p.retry.Most, n.Backoff.Most)
	if t := n.Backoff.Jitter; t.given() {
		f, err := strconv.ParseFloat(t.value, 64)
		if err != nil || !(f >= 0 && f <= 1) {
			c.errorf(t.at, "", "jitter is a fraction from 0 to 1, not %s", t.value)
		}
		p.retry.Jitter = f
	}
	p.policy = defaultPolicy()
	if len(n.When) > 0 {
		p.policy.retry = nil
	}
	if p.retry.First > p.retry.Most {
		c.errorf(firstGiven(n.Backoff.First, n.Backoff.Most).at, "", "the first wait is longer than the longest")
	}
	for _, node := range n.When {
		r := retryRule{outcomeRule: c.outcomeRule(node), wait: WaitBackoff}
		switch node.Wait.value {
		case "backoff":
		case "retry-after":
			r.wait = WaitRetryAfter
		case "":
			c.errorf(node.at, "It is backoff or retry-after.", "a line of retry.when needs the key wait")
		default:
			c.errorf(node.Wait.at, spell.Advice(node.Wait.value, retryWaits()), "unknown value %q of wait", node.Wait.value)
		}
		if node.Attempts.given() {
			r.attempts = c.count(node.Attempts, 1, mostAttempts)
		}
		p.policy.retry = append(p.policy.retry, r)
	}
	if len(n.NotTaken) > 0 {
		p.policy.notTaken = c.outcomeRules(n.NotTaken)
	}
	if len(n.Stop) > 0 {
		p.policy.stop = c.outcomeRules(n.Stop)
	}
}

// defaultPolicy is for a destination that does not say otherwise: what RFC 9110
// says of the statuses, https://www.rfc-editor.org/rfc/rfc9110#section-15.
func defaultPolicy() policy {
	limited := outcomeRule{statuses: statusSet{exact: []int{429, 503}}}
	failing := outcomeRule{statuses: statusSet{exact: []int{408, 409}, classes: []int{5}}}
	network := outcomeRule{network: []Failure{Refused, Reset, Timeout, Unreadable}}
	return policy{
		retry: []retryRule{
			{outcomeRule: limited, wait: WaitRetryAfter},
			{outcomeRule: failing, wait: WaitBackoff},
			{outcomeRule: network, wait: WaitBackoff},
		},
		notTaken: []outcomeRule{
			{statuses: statusSet{classes: []int{4}}, except: statusSet{exact: []int{408, 409}}},
			{network: []Failure{Refused}},
		},
		stop: []outcomeRule{{statuses: statusSet{exact: []int{401}}}},
		down: []outcomeRule{
			{statuses: statusSet{classes: []int{5}}},
			{network: []Failure{Refused, Reset, Timeout}},
		},
	}
}

func (c *compiler) outcomeRules(nodes []conditionNode) []outcomeRule {
	var rules []outcomeRule
	for _, n := range nodes {
		if n.Wait.given() {
			c.errorf(n.Wait.at, "", "wait belongs to the lines of retry.when")
		}
		if n.Attempts.given() {
			c.errorf(n.Attempts.at, "", "attempts belongs to the lines of retry.when")
		}
		rules = append(rules, c.outcomeRule(n))
	}
	return rules
}

func (c *compiler) outcomeRule(n conditionNode) outcomeRule {
	r := outcomeRule{statuses: c.statuses(n.Status), except: c.statuses(n.Except)}
	known := failureNames()
	for _, t := range n.Network {
		if !slices.Contains(known, t.value) {
			c.errorf(t.at, spell.Advice(t.value, known), "unknown failure %q", t.value)
			continue
		}
		r.network = append(r.network, Failure(t.value))
	}
	for _, t := range n.Code {
		r.codes = append(r.codes, t.value)
	}
	if len(r.codes) > 0 && c.program.errorCode == nil {
		c.errorf(n.Code[0].at, "", "codes are read as errors.code of the destination says, which it does not")
	}
	return r
}

// circuit compiles when a run pauses. Each part that is not written has a
// default.
func (c *compiler) circuit(n circuitNode) {
	p := c.program
	p.circuit = Circuit{After: 10, First: 5 * time.Second, Most: time.Minute, Stop: 30 * time.Minute}
	if n.After.given() {
		p.circuit.After = c.count(n.After, 1, 10000)
	}
	c.setDuration(&p.circuit.First, n.Pause.First)
	c.setDuration(&p.circuit.Most, n.Pause.Most)
	c.setDuration(&p.circuit.Stop, n.Stop)
	if p.circuit.First > p.circuit.Most {
		c.errorf(firstGiven(n.Pause.First, n.Pause.Most).at, "", "the first pause is longer than the longest")
	}
	if len(n.When) > 0 {
		p.policy.down = c.outcomeRules(n.When)
	}
}

// firstGiven is the text to point at where either may be a default.
func firstGiven(a, b text) text {
	if a.given() {
		return a
	}
	return b
}

func (c *compiler) setDuration(into *time.Duration, t text) {
	if !t.given() {
		return
	}
	d, err := time.ParseDuration(t.value)
	if err != nil || d <= 0 {
		c.errorf(t.at, "Write it as 30s, 10m or 1h.", "%q is no duration", t.value)
		return
	}
	*into = d
}

func (c *compiler) count(t text, least, most int) int {
	n, err := strconv.Atoi(t.value)
	if err != nil || n < least || n > most {
		c.errorf(t.at, "", "%s is no whole number from %d to %d", t.value, least, most)
		return least
	}
	return n
}
