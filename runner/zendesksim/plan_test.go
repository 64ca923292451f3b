package zendesksim_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/deskrules/deskrules/runner/zendesksim"
)

// statuses sends requests, each as "METHOD path", and returns what they got.
func statuses(plan zendesksim.Plan, requests ...string) []int {
	h := zendesksim.Faults{Plan: plan}.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	var got []int
	for _, request := range requests {
		method, path, _ := strings.Cut(request, " ")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		got = append(got, w.Code)
	}
	return got
}

func TestPlans(t *testing.T) {
	writes := zendesksim.Match("POST", "/a")
	for name, test := range map[string]struct {
		plan zendesksim.Plan
		want []int // of GET /a, POST /a/b, POST /b, POST /a, POST /a
	}{
		"none":         {always(zendesksim.NoFault), []int{200, 200, 200, 200, 200}},
		"nth":          {zendesksim.Nth(4, zendesksim.Conflict, nil), []int{200, 200, 200, 409, 200}},
		"nth of some":  {zendesksim.Nth(2, zendesksim.Conflict, writes), []int{200, 200, 200, 409, 200}},
		"only":         {always(zendesksim.Conflict).Only(writes), []int{200, 409, 200, 409, 409}},
		"any method":   {always(zendesksim.Conflict).Only(zendesksim.Match("", "/a")), []int{409, 409, 200, 409, 409}},
		"any path":     {always(zendesksim.Conflict).Only(zendesksim.Match("GET", "")), []int{409, 200, 200, 200, 200}},
		"either":       {zendesksim.Either(zendesksim.Nth(1, zendesksim.Conflict, nil), zendesksim.Nth(1, zendesksim.Unavailable, writes)), []int{409, 503, 200, 200, 200}},
		"first counts": {zendesksim.Either(zendesksim.Nth(2, zendesksim.Conflict, nil), always(zendesksim.BadGateway)), []int{502, 409, 502, 502, 502}},
		"script": {func(try zendesksim.Try) zendesksim.Fault {
			if try.Number == 3 || try.Nth == 2 {
				return zendesksim.InternalError
			}
			return zendesksim.NoFault
		}, []int{200, 200, 500, 200, 500}},
	} {
		t.Run(name, func(t *testing.T) {
			got := statuses(test.plan, "GET /a", "POST /a/b", "POST /b", "POST /a", "POST /a")
			if !slices.Equal(got, test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

// decisions asks a seeded plan about the first tries of many requests.
func decisions(plan zendesksim.Plan, n int) map[zendesksim.Fault]int {
	count := map[zendesksim.Fault]int{}
	for i := range n {
		count[plan(zendesksim.Try{Identity: fmt.Sprint("request ", i), Nth: 1})]++
	}
	return count
}

func TestSeededRates(t *testing.T) {
	const n = 20_000
	rates := zendesksim.Rates{zendesksim.TooMany: 0.1, zendesksim.ResetAfter: 0.3, zendesksim.Slow: 0}
	got := decisions(zendesksim.Seeded{Seed: 7, Rates: rates}.Plan(), n)
	for fault, want := range map[zendesksim.Fault]float64{
		zendesksim.TooMany: 0.1, zendesksim.ResetAfter: 0.3, zendesksim.NoFault: 0.6, zendesksim.Slow: 0, zendesksim.Conflict: 0,
	} {
		if part := float64(got[fault]) / n; math.Abs(part-want) > 0.01 {
			t.Errorf("%s: %.3f of the requests, want %.3f", fault, part, want)
		}
	}
	if all := decisions(zendesksim.Seeded{Rates: zendesksim.Overall(1)}.Plan(), n); all[zendesksim.NoFault] > 0 ||
		all[zendesksim.Unauthorized] > 0 || len(all) != len(zendesksim.AllFaults())-1 {
		t.Errorf("an overall rate of 1 makes %v", all)
	}
}

// Another seed, another identity and another try are decided anew; the number of a request says nothing.
func TestSeededIsAFunctionOfTheRequest(t *testing.T) {
	plan := func(seed uint64) zendesksim.Plan {
		return zendesksim.Seeded{Seed: seed, Rates: zendesksim.Overall(0.5)}.Plan()
	}
	differs := func(what string, a, b func(i int) zendesksim.Fault) int {
		t.Helper()
		n := 0
		for i := range 1000 {
			if a(i) != b(i) {
				n++
			}
		}
		return n
	}
	base := func(i int) zendesksim.Fault {
		return plan(1)(zendesksim.Try{Identity: fmt.Sprint(i), Nth: 1, Number: i})
	}
	for what, other := range map[string]func(i int) zendesksim.Fault{
		"seed":     func(i int) zendesksim.Fault { return plan(2)(zendesksim.Try{Identity: fmt.Sprint(i), Nth: 1}) },
		"identity": func(i int) zendesksim.Fault { return plan(1)(zendesksim.Try{Identity: fmt.Sprint(i, "x"), Nth: 1}) },
		"try":      func(i int) zendesksim.Fault { return plan(1)(zendesksim.Try{Identity: fmt.Sprint(i), Nth: 2}) },
	} {
		if n := differs(what, base, other); n < 500 {
			t.Errorf("another %s changes %d of 1000 decisions", what, n)
		}
	}
	same := func(i int) zendesksim.Fault {
		return plan(1)(zendesksim.Try{Identity: fmt.Sprint(i), Nth: 1, Number: 1000 - i})
	}
	if n := differs("number", base, same); n > 0 {
		t.Errorf("another number changes %d decisions", n)
	}
}

func TestMostInARow(t *testing.T) {
	for most, want := range map[int][]int{
		1: {409, 200, 409, 200, 409, 200, 409},
		3: {409, 409, 409, 200, 409, 409, 409},
		0: {409, 409, 409, 409, 409, 409, 409},
	} {
		rates := zendesksim.Rates{zendesksim.Conflict: 1}
		plan := zendesksim.Seeded{Rates: rates, MostInARow: most}.Plan()
		if got := statuses(plan, slices.Repeat([]string{"GET /a"}, 7)...); !slices.Equal(got, want) {
			t.Errorf("at most %d in a row: %v, want %v", most, got, want)
		}
		// Another request has a row of its own.
		if got := statuses(plan, "GET /a", "GET /b", "POST /a"); !slices.Equal(got, []int{409, 409, 409}) {
			t.Errorf("at most %d in a row: others got %v", most, got)
		}
	}
}

func TestRatesAreChecked(t *testing.T) {
	for problem, rates := range map[string]zendesksim.Rates{
		"the rate of 429 is -0.1; it has to be from 0 to 1":      {zendesksim.TooMany: -0.1},
		"the rate of slow is 1.5; it has to be from 0 to 1":      {zendesksim.Slow: 1.5},
		"the rate of 409 is NaN; it has to be from 0 to 1":       {zendesksim.Conflict: math.NaN()},
		"the rates come to 1.1; they have to come to 1 at most":  {zendesksim.Conflict: 0.5, zendesksim.Slow: 0.6},
		"the rates come to 1.25; they have to come to 1 at most": zendesksim.Overall(1.25),
	} {
		if err := rates.Check(); err == nil || err.Error() != problem {
			t.Errorf("%v: %v", rates, err)
		}
	}
	for _, rates := range []zendesksim.Rates{
		nil, zendesksim.Overall(0), zendesksim.Overall(0.3), zendesksim.Overall(1),
		{zendesksim.TooMany: 0.34, zendesksim.TooManyText: 0.56, zendesksim.TooManyBare: 0.1}, // a little more than 1 as floats
	} {
		if err := rates.Check(); err != nil {
			t.Errorf("%v: %v", rates, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a plan was made of wrong rates")
		}
	}()
	zendesksim.Seeded{Rates: zendesksim.Rates{zendesksim.Slow: 2}}.Plan()
}

func TestParseRates(t *testing.T) {
	const others = 15 // faults but 401 and those that the text names
	for text, want := range map[string]zendesksim.Rates{
		"":                             {},
		"429=0.1":                      {zendesksim.TooMany: 0.1},
		"429-text=1e-1, reset-after=0": {zendesksim.TooManyText: 0.1, zendesksim.ResetAfter: 0},
		"all=0.32":                     zendesksim.Overall(0.32),
		"all=0":                        {},
	} {
		got, err := zendesksim.ParseRates(text)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	got, err := zendesksim.ParseRates("401=0.25,all=0.15,slow=0")
	if err != nil || got[zendesksim.Unauthorized] != 0.25 || got[zendesksim.Slow] != 0 ||
		got[zendesksim.TooMany] != 0.15/others || len(got) != others+2 {
		t.Errorf("%v, %v", got, err)
	}
	for text, problem := range map[string]string{
		"429":            `"429" is not a KIND=RATE such as 429=0.1`,
		"429=often":      `"429=often" is not a KIND=RATE such as 429=0.1`,
		"none=0.5":       `there is no fault "none"`,
		"timeout-aftr=1": `there is no fault "timeout-aftr"; did you mean "timeout-after"? (there are: 429, 429-text,`,
		"teapot=1":       `there is no fault "teapot" (there are: 429, 429-text, 429-bare, 409, 500, 502, 503, 503-bare, 401, `,
		"429=2":          "the rate of 429 is 2;",
		"all=-1":         "the rate of 429 is -0.0625;",
	} {
		if _, err := zendesksim.ParseRates(text); err == nil || !strings.HasPrefix(err.Error(), problem) {
			t.Errorf("%q: %v, want %s", text, err, problem)
		}
	}
}

func TestFaultNames(t *testing.T) {
	for _, fault := range zendesksim.AllFaults() {
		if parsed, err := zendesksim.ParseFault(fault.String()); err != nil || parsed != fault {
			t.Errorf("%s is parsed as %s, %v", fault, parsed, err)
		}
	}
	for fault, want := range map[zendesksim.Fault]string{zendesksim.NoFault: "none", -1: "Fault(-1)", 99: "Fault(99)"} {
		if got := fault.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// A client that tries again until it gets through, and the faults that it met.
type client struct {
	api
	handler http.Handler
}

// persist sends a request until it is answered with 2xx. A broken connection is a try that failed.
func (c client) persist(method, path, body string) answer {
	c.t.Helper()
	for range 50 {
		if got, answered := c.try(method, path, body); answered && got.status/100 == 2 && got.body != nil {
			return got
		}
	}
	c.t.Errorf("%s %s never got through", method, path)
	return answer{t: c.t}
}

func (c client) try(method, path, body string) (got answer, answered bool) {
	c.t.Helper()
	defer func() { _ = recover() }() // http.ErrAbortHandler
	r := httptest.NewRequest(method, "https://acme.zendesk.com/api/v2/"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer token")
	return api{c.t, c.sim}.serveBy(c.handler, r), true
}

// The same requests fail in the same ways whatever their order, although the users have other ids each time.
func TestFaultsDoNotDependOnOrder(t *testing.T) {
	const users = 60
	rates, err := zendesksim.ParseRates("429=0.1,503-bare=0.1,reset-before=0.1,409=0.1,truncated=0.1,wrong-type=0.1")
	if err != nil {
		t.Fatal(err)
	}
	run := func(order []int, workers int) (failed []string, account string) {
		var mu sync.Mutex
		a := newAPI(t, zendesksim.Options{}, "")
		faults := zendesksim.Faults{
			Plan:     zendesksim.Seeded{Seed: 42, Rates: rates, MostInARow: 3}.Plan(),
			Identity: a.sim.Identity,
			Observe: func(try zendesksim.Try, fault zendesksim.Fault) {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, fmt.Sprint(fault, " ", try.Nth, " ", try.Identity))
			},
		}
		c := client{a, faults.Handler(a.sim)}
		jobs := make(chan int)
		var group sync.WaitGroup
		for range workers {
			group.Go(func() {
				for i := range jobs {
					c.work(i)
				}
			})
		}
		for _, i := range order {
			jobs <- i
		}
		close(jobs)
		group.Wait()
		slices.Sort(failed)
		return failed, a.sim.Account().Canonical()
	}
	ascending := make([]int, users)
	for i := range ascending {
		ascending[i] = i
	}
	descending := slices.Clone(ascending)
	slices.Reverse(descending)
	wantFailed, wantAccount := run(ascending, 1)
	if len(wantFailed) < users {
		t.Errorf("only %d faults", len(wantFailed))
	}
	for workers, order := range map[int][]int{1: descending, 8: ascending} {
		failed, account := run(order, workers)
		if !slices.Equal(failed, wantFailed) {
			t.Errorf("%d workers met other faults", workers)
		}
		if account != wantAccount {
			t.Errorf("%d workers made another account", workers)
		}
	}
}

// work is what one event leads to.
func (c client) work(i int) {
	c.t.Helper()
	user := c.persist("POST", "users/create_or_update", fmt.Sprintf(`{"user":{"name":"n","external_id":"u%d"}}`, i))
	id := user.value("user.id")
	c.persist("PUT", "users/"+id, fmt.Sprintf(`{"user":{"email":"u%d@x.org"}}`, i))
	organization := c.persist("POST", "organizations/create_or_update",
		fmt.Sprintf(`{"organization":{"name":"o%d","external_id":"o%d"}}`, i, i))
	c.persist("PUT", "users/"+id, fmt.Sprintf(`{"user":{"organization_id":%s}}`, organization.value("organization.id")))
}
