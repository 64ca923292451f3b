package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// maxListReplies bounds the elements of one list, over all its pages, as a
// multiple of the largest reply.
const maxListReplies = 8

// A callRun is a call at work: for each item, page after page, and where needed
// the call that confirms.
type callRun struct {
	call  *call
	frame *frame
	step  *step

	items   []value
	single  [1]value // the items of a step without each
	item    int
	results []value

	base    Request // of the item, as first sent
	follow  Request // for a further page, or to confirm
	key     string  // under which its answer is remembered
	pages   []value
	count   int             // of pages
	bytes   int             // of their elements
	seen    map[string]bool // links that were followed
	confirm *confirming
}

// A confirming is the question whether a call had its effect, and why it is
// asked.
type confirming struct {
	path    string
	refusal string // the refusal's text; empty for a lost answer
	lost    string
	answer  []byte
}

func (c *call) run(x *Execution, f *frame, s *step) {
	r := &f.calling
	*r = callRun{call: c, frame: f, step: s, results: r.results[:0]}
	r.items = r.single[:]
	if c.each != nil {
		v, err := c.each.evalValue(x.work, f.slots)
		switch {
		case err != nil:
			x.end(f, s, Failed, err.Error())
			return
		case !v.null() && v.kind() != '[':
			x.end(f, s, Failed, "each is "+v.kindText()+", not a list")
			return
		}
		r.items = v.elements()
		x.explainer.items(r)
		x.coverage.items(r)
	}
	f.call = r
}

// proceed sends the next request, or ends the step.
func (r *callRun) proceed(x *Execution) {
	if r.item == len(r.items) {
		r.finish(x)
		return
	}
	if r.call.itemSlot >= 0 {
		r.frame.slots[r.call.itemSlot] = r.items[r.item]
	}
	if err := r.request(x); err != nil {
		x.end(r.frame, r.step, Failed, err.Error())
		return
	}
	r.confirm = nil
	r.restart()
	if r.frame.anew && r.call.remember > 0 {
		x.learn(Fact{Op: Forget, Key: r.key})
	}
	r.send(x, &r.base)
}

func (r *callRun) finish(x *Execution) {
	v := value{}
	switch {
	case r.call.each != nil:
		v = arrayOf(r.results)
	case len(r.results) > 0:
		v = r.results[0]
	}
	x.complete(r.frame, r.step, v)
}

// request renders the call for the item at hand.
func (r *callRun) request(x *Execution) error {
	c, slots := r.call, r.frame.slots
	path, query, err := x.work.renderURL(c.path, c.query, slots)
	if err != nil {
		return err
	}
	request := &r.base
	r.newRequest(x, request, c.method, path, query)
	request.Idempotent, request.Reads, request.OnlyReads = c.idempotent, c.reads, c.onlyReads
	request.expects = expectation{list: c.pages, values: c.expects}
	var filled *filling
	if c.body != nil {
		body, f := x.fill(c.body, slots)
		filled = f
		if f.err != nil {
			return f.err
		}
		x.warnAll(r.frame.run.rule, f.warnings)
		slots[c.sentSlot] = body
		request.Body = x.work.body(body.raw)
	}
	if c.remember > 0 {
		r.key = x.work.rememberKey(c, path, query)
	}
	request.Recall = r.recallKeys(x, request)
	x.explainer.request(r, request, filled)
	return nil
}

func (r *callRun) newRequest(x *Execution, into *Request, method, path, query string) {
	*into = Request{
		Rule: r.frame.run.rule.name, Step: r.step.name, Method: method, Path: path, Query: query, Header: x.config.headers,
	}
	if into == &r.base && r.call.path.constant() {
		into.Counts = x.counts(r.call.counted)
	} else {
		into.Counts = x.counts(x.config.program.countedBy(method, path))
	}
}

// renderURL fills in the path and the query of a call.
func (w *workspace) renderURL(t *template, query []queryPart, slots []value) (string, string, error) {
	path, err := w.render(t, slots)
	if err != nil || len(query) == 0 {
		return path, "", err
	}
	w.buf = w.buf[:0]
	for i, q := range query {
		if i > 0 {
			w.buf = append(w.buf, '&')
		}
		w.buf = append(append(w.buf, q.encoded...), '=')
		if w.buf, err = q.value.appendTo(w.buf, slots, queryEscape); err != nil {
			return "", "", err
		}
	}
	return path, w.texts.keep(w.buf), nil
}

func (w *workspace) render(t *template, slots []value) (string, error) {
	if t.constant() {
		return t.literalText(), nil
	}
	text, err := t.appendTo(w.buf[:0], slots, pathEscape)
	if err != nil {
		return "", err
	}
	w.buf = text
	return w.texts.keep(text), nil
}

// recallKeys lists what a memory may answer the request by: the way of a
// lookup, the answer of the step, or a refusal that was to be remembered.
func (r *callRun) recallKeys(x *Execution, request *Request) []string {
	if r.frame.freshly(r.step) {
		return nil
	}
	w := x.work
	first := len(w.keys)
	if r.frame.recall != "" {
		w.keys = append(w.keys, r.frame.recall)
		r.frame.recall = ""
	}
	if r.call.remember > 0 {
		w.keys = append(w.keys, r.key)
	}
	for _, a := range r.call.arms {
		if a.remember > 0 {
			w.keys = append(w.keys, r.refusalKey(a, request))
		}
	}
	return slices.Clip(w.keys[first:])
}

// rememberKey names what a call for an address gave.
func (w *workspace) rememberKey(c *call, path, query string) string {
	switch {
	case query != "":
		return w.texts.keep(append(append(append(append(append(w.buf[:0], c.label...), ' '), path...), '?'), query...))
	case c.path.constant():
		return c.key
	default:
		return w.texts.keep(append(append(append(w.buf[:0], c.label...), ' '), path...))
	}
}

// refusalKey names a refusal by all that went into the request. The body is
// hashed: it holds the event's data, and a key should not.
func (r *callRun) refusalKey(a *arm, request *Request) string {
	sum := sha256.Sum256(slices.Concat([]byte(request.Path+"?"+request.Query+"\n"), request.Body))
	return fmt.Sprintf("%s refused by line %d of on: %s", r.call.label, a.number+1, hex.EncodeToString(sum[:12]))
}

// send makes a request the pending one.
func (r *callRun) send(x *Execution, request *Request) {
	if len(x.outcome.Requests) >= x.config.limits.Requests {
		r.fail(x, Unfinished, fmt.Sprintf("the event needs more than %d requests, which is the limit", x.config.limits.Requests))
		return
	}
	x.asked = pendingRequest{request: request, path: r.base.Path, frame: r.frame}
	x.pending = &x.asked
	if r.confirm != nil {
		x.pending.path = request.Path
	}
}

// recalled takes a remembered answer. It reports false for a key it does not
// know.
func (r *callRun) recalled(x *Execution, key string, v value) bool {
	if find := r.outerFind(x); find != nil && slices.Contains(find.asked, key) {
		return find.recalled(x, v)
	}
	if r.call.remember > 0 && key == r.key {
		x.complete(r.frame, r.step, v)
		return true
	}
	for _, a := range r.call.arms {
		if a.remember > 0 && v.kind() == '"' && key == r.refusalKey(a, &r.base) {
			x.warn(r.frame.run.rule, v.text(), a.at)
			r.next(value{})
			return true
		}
	}
	return false
}

// outerFind gives the lookup of which this call is the first of a way.
func (r *callRun) outerFind(x *Execution) *findRun {
	if len(x.stack) < 2 || x.stack[len(x.stack)-1] != r.frame {
		return nil
	}
	return x.stack[len(x.stack)-2].find
}

// next keeps the value of an item and goes on to the following one. Items
// without a value leave no gap.
func (r *callRun) next(v value) {
	if !v.null() || r.call.each == nil {
		r.results = append(r.results, v)
	}
	r.item++
}

// answer takes an answer after all retries.
func (r *callRun) answer(x *Execution, response Response, v Verdict) {
	switch {
	case v.Stop:
		r.stopped(x, response, v)
	case response.Failure != Answered || v.Retry:
		r.unanswered(x, response, v)
	case response.Status >= 200 && response.Status < 300:
		r.succeeded(x)
	case r.mayBeTaken(v):
		r.lost(x, response, r.text(x, response))
	default:
		r.refused(x, response)
	}
}

// mayBeTaken reports whether the answer leaves open that the call was taken,
// which may be taken once only.
func (r *callRun) mayBeTaken(v Verdict) bool {
	return r.confirm == nil && !r.base.Idempotent && !v.NotTaken
}

// stopped deals with an answer that ends the run: nothing can look any more
// whether the call was taken.
func (r *callRun) stopped(x *Execution, response Response, v Verdict) {
	x.keepAnswer(response.Body)
	reason := strings.TrimSuffix(r.text(x, response), ".") + "; the run stops"
	if r.mayBeTaken(v) {
		x.end(r.frame, r.step, Uncertain, reason+"; whether the call was taken is not known")
		return
	}
	r.fail(x, Unfinished, reason)
}

// unanswered deals with retries that ran out.
func (r *callRun) unanswered(x *Execution, response Response, v Verdict) {
	reason := r.text(x, response)
	if response.Attempts > 1 {
		reason += fmt.Sprintf(", %d times", response.Attempts)
	}
	if r.mayBeTaken(v) {
		r.lost(x, response, reason)
		return
	}
	x.keepAnswer(response.Body)
	r.fail(x, Unfinished, reason)
}

// fail ends the event. Where the call was to settle whether another was taken,
// that one decides how: its answer stays lost, or its refusal stands.
func (r *callRun) fail(x *Execution, status Status, reason string) {
	if c := r.confirm; c != nil {
		x.keepAnswer(c.answer)
		if c.lost != "" {
			status = Uncertain
		}
		reason = c.lost + c.refusal + "; looking failed: " + reason
	}
	x.end(r.frame, r.step, status, reason)
}

// lost asks whether a call that may not be repeated was taken.
func (r *callRun) lost(x *Execution, response Response, reason string) {
	c := r.call.confirm
	x.coverage.answer(r, "lost")
	if c == nil {
		x.keepAnswer(response.Body)
		x.end(r.frame, r.step, Uncertain, reason+"; whether the call was taken is not known")
		return
	}
	applies, err := c.when.holds(x.work, r.frame.slots)
	x.coverage.when(c.when, applies)
	if err != nil || !applies {
		x.keepAnswer(response.Body)
		x.end(r.frame, r.step, Uncertain, reason+"; there is nothing to tell by whether the call was taken")
		return
	}
	r.ask(x, &confirming{lost: reason, answer: response.Body})
}

// restart forgets the pages of the call before.
func (r *callRun) restart() { r.pages, r.count, r.bytes, r.seen = nil, 0, 0, nil }

// ask sends the confirming call.
func (r *callRun) ask(x *Execution, why *confirming) {
	c := r.call.confirm
	r.confirm = why
	path, query, err := x.work.renderURL(c.path, c.query, r.frame.slots)
	if err != nil {
		r.fail(x, Failed, err.Error())
		return
	}
	why.path = path
	r.restart()
	request := &r.follow
	r.newRequest(x, request, "GET", path, query)
	request.Idempotent, request.Reads = true, true
	request.expects = expectation{list: c.pages}
	r.send(x, request)
}

// label names the call at hand for reasons.
func (r *callRun) label() string {
	if r.confirm != nil {
		return "GET " + r.confirm.path
	}
	return r.base.Method + " " + r.base.Path
}

// text words an answer that is no success.
func (r *callRun) text(x *Execution, response Response) string {
	if response.Failure != Answered {
		detail := response.Detail
		if detail == "" {
			detail = string(response.Failure)
		}
		return r.label() + ": " + detail
	}
	return strings.TrimSpace(r.label() + ": " + x.statusText(response))
}

func (x *Execution) statusText(response Response) string {
	refusal := x.refusal(response)
	parts := fmt.Sprint(response.Status)
	if refusal.code != "" {
		parts += " " + refusal.code
	}
	if refusal.text != "" {
		parts += ": " + refusal.text
	}
	return parts
}

// A refusal is what the destination says of an error, by its own conventions.
type refusal struct {
	code, text string
}

// refusal reads code and text where the destination keeps them. An answer that
// is no JSON is quoted.
func (x *Execution) refusal(response Response) refusal {
	body := replyText(response.Body)
	if scanJSON(body, x.config.limits.Depth, 0) != nil {
		return refusal{text: shorten(strings.ToValidUTF8(strings.Join(strings.Fields(body), " "), "?"))}
	}
	p := x.config.program
	return refusal{p.readReply(p.errorCode, x.config.values, body, x.coverage), p.readReply(p.errorText, x.config.values, body, x.coverage)}
}

// succeeded takes a page or a whole reply.
func (r *callRun) succeeded(x *Execution) {
	x.coverage.answer(r, "success")
	if r.confirm == nil && !r.base.Idempotent {
		x.once = r.label()
	}
	reply := x.reply
	r.frame.slots[slotReply] = reply
	pages := r.call.pages
	if r.confirm != nil {
		pages = r.call.confirm.pages
	}
	if pages != nil && !r.page(x, pages, reply) {
		return
	}
	if r.confirm != nil {
		r.confirmed(x)
		return
	}
	r.succeed(x, reply)
}

// page takes one page. It reports whether it was the last.
func (r *callRun) page(x *Execution, p *path, reply value) bool {
	list := reply.get(p)
	if list.kind() != '[' {
		r.fail(x, Failed, r.label()+": the answer has no list "+p.gjson)
		return false
	}
	for _, element := range list.elements() {
		r.bytes += len(element.raw)
		r.pages = append(r.pages, rawValue(strings.Clone(element.raw)))
	}
	r.count++
	next, err := x.config.program.nextPage.evalValue(x.work, r.frame.slots)
	switch {
	case err != nil:
		r.fail(x, Failed, err.Error())
		return false
	case next.kind() != '"' || next.raw == `""`:
		r.frame.slots[r.call.pagesSlot] = arrayOf(r.pages)
		return true
	case r.bytes > maxListReplies*x.config.limits.ReplyBytes:
		r.fail(x, Failed, fmt.Sprintf("%s: the list is larger than %d bytes", r.label(), maxListReplies*x.config.limits.ReplyBytes))
		return false
	case r.count >= x.config.program.maxPages || r.seen[next.text()]:
		r.fail(x, Failed, fmt.Sprintf("%s: the pages do not end (%d read)", r.label(), r.count))
		return false
	}
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	r.seen[next.text()] = true
	request := &r.follow
	r.newRequest(x, request, "GET", "", "")
	request.Link, request.Idempotent, request.Reads = next.text(), true, true
	request.Counts = x.counts(x.config.program.countedBy("GET", x.outcome.Requests[len(x.outcome.Requests)-1].Path))
	r.send(x, request)
	return false
}

// succeed picks, teaches and goes on.
func (r *callRun) succeed(x *Execution, reply value) {
	v := reply
	switch {
	case r.call.pick != nil:
		picked, err := r.call.pick.evalValue(x.work, r.frame.slots)
		if err != nil {
			r.fail(x, Failed, err.Error())
			return
		}
		v = picked
	case r.call.pages != nil:
		v = r.frame.slots[r.call.pagesSlot]
	}
	if r.call.remember > 0 {
		x.learn(Fact{Op: Learn, Key: r.key, Value: []byte(v.raw), For: r.call.remember})
	}
	r.teach(x)
	r.next(v)
}

func (r *callRun) teach(x *Execution) {
	for _, t := range r.call.forget {
		for _, rd := range t.reads {
			if t.lookup != nil {
				x.forgetRecord(t.lookup, rd.from(r.frame.slots), nil)
			} else {
				r.teachStep(x, t.step, Fact{Op: Forget})
			}
		}
	}
	for _, t := range r.call.learn {
		for _, rd := range t.reads {
			r.teachOne(x, t, rd.from(r.frame.slots))
		}
	}
}

func (r *callRun) teachOne(x *Execution, t *teaching, v value) {
	switch {
	case v.null():
	case t.lookup != nil:
		x.learnRecord(t.lookup, t.lookup.kept(v), nil)
	default:
		r.teachStep(x, t.step, Fact{Op: Extend, Value: []byte(v.raw)})
	}
}

// teachStep adds a fact about an earlier step that remembers, by the key under
// which it would be asked now. A step whose address cannot be made has none.
func (r *callRun) teachStep(x *Execution, s *step, fact Fact) {
	c := s.op.(*call)
	path, query, err := x.work.renderURL(c.path, c.query, r.frame.slots)
	if err != nil {
		return
	}
	fact.Key = x.work.rememberKey(c, path, query)
	x.learn(fact)
}

// refused finds the arm that a refusal falls to; without one the event fails.
func (r *callRun) refused(x *Execution, response Response) {
	r.frame.slots[slotReply], _ = x.readReply(response.Body)
	x.coverage.answer(r, "refusal")
	for _, a := range r.arms() {
		if !a.statuses.has(response.Status) || a.then == "relook" && r.frame.redone[r.relooked(a)] {
			continue
		}
		applies, err := a.when.holds(x.work, r.frame.slots)
		if err != nil {
			r.fail(x, Failed, err.Error())
			return
		}
		x.coverage.arm(a, applies)
		if applies {
			r.take(x, a, response)
			return
		}
	}
	x.keepAnswer(response.Body)
	r.fail(x, Failed, r.text(x, response))
}

// arms gives what a refusal may fall to. Where an answer was lost there is
// nothing: doing the call again could do it twice.
func (r *callRun) arms() []*arm {
	switch {
	case r.confirm == nil:
		return r.call.arms
	case r.confirm.lost != "":
		return nil
	default:
		return r.call.confirm.arms
	}
}

// take does what an arm says.
func (r *callRun) take(x *Execution, a *arm, response Response) {
	switch a.then {
	case "accept":
		r.next(value{})
	case "skip":
		if a.bind >= 0 {
			r.frame.slots[a.bind] = r.refusalValue(x, response)
		}
		r.next(value{})
	case "warn":
		text := fmt.Sprintf("%s (%s)", a.message.message(r.frame.slots), x.statusText(response))
		x.warn(r.frame.run.rule, text, a.at)
		if a.remember > 0 {
			x.learn(Fact{Op: Learn, Key: r.refusalKey(a, &r.base), Value: []byte(quote(text)), For: a.remember})
		}
		r.next(value{})
	case "relook":
		r.relook(x, a)
	case "confirm":
		r.refute(x, response)
	default: // fail
		x.keepAnswer(response.Body)
		reason := r.text(x, response)
		if a.message != nil {
			reason = a.message.message(r.frame.slots) + " (" + x.statusText(response) + ")"
		}
		r.fail(x, Failed, reason)
	}
}

// refute asks whether a call that was refused had its effect all the same.
func (r *callRun) refute(x *Execution, response Response) {
	refusal := r.text(x, response)
	applies, err := r.call.confirm.when.holds(x.work, r.frame.slots)
	x.coverage.when(r.call.confirm.when, applies)
	if err != nil || !applies {
		x.keepAnswer(response.Body)
		x.end(r.frame, r.step, Failed, refusal)
		return
	}
	r.ask(x, &confirming{refusal: refusal, answer: response.Body})
}

// refusalValue is what skip binds.
func (r *callRun) refusalValue(x *Execution, response Response) value {
	said := x.refusal(response)
	return rawValue(fmt.Sprintf(`{"status":%d,"code":%s,"text":%s}`, response.Status, quote(said.code), quote(said.text)))
}

func (r *callRun) relooked(a *arm) relooked {
	return relooked{a, r.items[r.item].raw}
}

// relook forgets what an earlier step gave, and does that step and those that
// read it again; once for each arm and item.
func (r *callRun) relook(x *Execution, a *arm) {
	f, target := r.frame, a.target
	if f.redone == nil {
		f.redone = map[relooked]bool{}
	}
	f.redone[r.relooked(a)] = true
	switch op := target.op.(type) {
	case *find:
		var asked []string
		for by, reads := range op.inputs {
			for _, v := range x.work.distinct(reads, f.slots) {
				asked = append(asked, x.work.lookupKey(op.lookup, by, v.text()))
			}
		}
		slices.Sort(asked)
		x.forgetRecord(op.lookup, f.slots[target.slot], asked)
	case *call:
		r.teachStep(x, target, Fact{Op: Forget})
	}
	for i, again := range target.redo {
		if again {
			f.done[i] = false
			for _, slot := range f.block.steps[i].sets {
				f.slots[slot] = value{}
			}
		}
	}
	f.call, f.find, f.fresh = nil, nil, target
	f.at = target.index
}

// confirmed decides by the answer of the confirming call.
func (r *callRun) confirmed(x *Execution) {
	there, err := r.call.confirm.there.holds(x.work, r.frame.slots)
	x.coverage.confirm(r.call.confirm, there)
	switch {
	case err != nil:
		r.fail(x, Failed, err.Error())
	case there:
		r.confirm = nil
		if !r.base.Idempotent {
			x.once = r.label()
		}
		r.next(value{})
	case r.confirm.refusal != "":
		x.keepAnswer(r.confirm.answer)
		x.end(r.frame, r.step, Failed, r.confirm.refusal)
	default:
		x.keepAnswer(r.confirm.answer)
		x.end(r.frame, r.step, Uncertain, r.confirm.lost+"; looking did not find that the call was taken")
	}
}
