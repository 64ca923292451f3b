package zendesksim

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A Try is a request as a [Plan] sees it.
type Try struct {
	// Request may be looked at but not changed, and its body not read.
	Request *http.Request

	// Number is the place of the request among all that came, from 1 on. It depends on concurrency.
	Number int

	// Identity is equal for a request and its repetitions, see [Faults]. Nth is which of these the try is, from 1 on.
	// Row is how many of those before it failed without one between them that did not.
	Identity string
	Nth      int
	Row      int
}

// A Plan says how a request fails, and [NoFault] for one that does not. It is called for one request at a time, in the
// order of their Numbers.
type Plan func(Try) Fault

// Nth returns a plan by which one request fails: the nth, from 1 on, of those for which match reports true.
// Nil matches all. The plan counts, so it is for one handler.
func Nth(n int, fault Fault, match func(*http.Request) bool) Plan {
	seen := 0
	return func(try Try) Fault {
		if match != nil && !match(try.Request) {
			return NoFault
		}
		if seen++; seen != n {
			return NoFault
		}
		return fault
	}
}

// Only returns a plan that leaves requests alone for which match does not report true.
func (p Plan) Only(match func(*http.Request) bool) Plan {
	return func(try Try) Fault {
		if !match(try.Request) {
			return NoFault
		}
		return p(try)
	}
}

// Either returns a plan by which a request fails as the first of several plans says that has a fault for it.
// Those behind are not asked.
func Either(plans ...Plan) Plan {
	return func(try Try) Fault {
		for _, plan := range plans {
			if fault := plan(try); fault != NoFault {
				return fault
			}
		}
		return NoFault
	}
}

// Match reports for which requests a plan is: those of one method, empty for any, whose path begins with a prefix.
func Match(method, prefix string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return (method == "" || r.Method == method) && strings.HasPrefix(r.URL.Path, prefix)
	}
}

// Seeded makes a plan of chance that can be repeated. What becomes of a try depends on the seed, its Identity, its Nth
// and, through MostInARow, the tries of the same identity before it, and on nothing else: with the same seed the same
// requests fail in the same way, in whichever order they come and however many at once.
type Seeded struct {
	Seed uint64

	// Rates are how many of the requests fail in which way. Nil: none.
	Rates Rates

	// MostInARow is after how many failures in a row the next try of a request is left alone, so that whoever tries
	// again gets through in the end. Zero: there is no such number.
	MostInARow int
}

// Plan returns the plan. It panics where [Rates.Check] finds something wrong.
func (s Seeded) Plan() Plan {
	if err := s.Rates.Check(); err != nil {
		panic("zendesksim: " + err.Error())
	}
	kinds := slices.Sorted(maps.Keys(s.Rates))
	return func(try Try) Fault {
		if s.MostInARow > 0 && try.Row >= s.MostInARow {
			return NoFault
		}
		chance := s.chance(try)
		for _, kind := range kinds {
			if chance -= s.Rates[kind]; chance < 0 {
				return kind
			}
		}
		return NoFault
	}
}

// chance returns a number from 0 to 1 for a try.
func (s Seeded) chance(try Try) float64 {
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%d %s", try.Nth, try.Identity)
	return rand.New(rand.NewPCG(s.Seed, hash.Sum64())).Float64()
}

// Rates are parts of the requests, from 0 to 1, by the fault that they meet. Together they are 1 at most.
type Rates map[Fault]float64

// Overall returns rates that come to one overall rate, with the same part for every fault but [Unauthorized]: a client
// that was told that its credential is wrong does well to give up for good.
func Overall(rate float64) Rates {
	rates := Rates{}
	rates.share(rate)
	return rates
}

// share gives each fault that has no rate yet its part of one rate.
func (r Rates) share(rate float64) {
	kinds := slices.DeleteFunc(AllFaults(), func(f Fault) bool {
		_, named := r[f]
		return named || f == Unauthorized
	})
	for _, kind := range kinds {
		r[kind] = rate / float64(len(kinds))
	}
}

// Check returns what is wrong with the rates.
func (r Rates) Check() error {
	total := 0.0
	for _, kind := range slices.Sorted(maps.Keys(r)) {
		rate := r[kind]
		if !(rate >= 0 && rate <= 1) {
			return fmt.Errorf("the rate of %s is %v; it has to be from 0 to 1", kind, rate)
		}
		total += rate
	}
	if total > 1+1e-9 { // Sums of decimal fractions are not exact.
		return fmt.Errorf("the rates come to %.4g; they have to come to 1 at most", total)
	}
	return nil
}

// ParseRates reads rates as they are written on command lines: KIND=RATE, separated by commas, such as
// "429=0.1,timeout-after=0.05". The kind "all" gives its rate to the faults that are not named, see [Overall].
// The empty text is no rates.
func ParseRates(text string) (Rates, error) {
	rates, overall := Rates{}, 0.0
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		name, value, _ := strings.Cut(part, "=")
		rate, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a KIND=RATE such as 429=0.1", part)
		}
		if name == everyFault {
			overall = rate
			continue
		}
		kind, err := ParseFault(name)
		if err != nil {
			return nil, err
		}
		rates[kind] = rate
	}
	if overall != 0 {
		rates.share(overall)
	}
	return rates, rates.Check()
}

// everyFault is the name by which rates mean all faults that they do not name.
const everyFault = "all"
