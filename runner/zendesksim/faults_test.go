package zendesksim_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskrules/deskrules/runner"
	"github.com/deskrules/deskrules/runner/zendesksim"
)

// always is a plan by which everything fails in one way.
func always(fault zendesksim.Fault) zendesksim.Plan {
	return func(zendesksim.Try) zendesksim.Fault { return fault }
}

// A counted handler answers with JSON, and counts what it carries out.
type counted struct{ n atomic.Int64 }

func (c *counted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.n.Add(1)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"body":%q}`, body)
}

// An outcome is what a client got.
type outcome struct {
	status     int
	kind       string
	retryAfter string
	body       string
	err        error // of the request or of reading the body
	took       time.Duration
}

func exchange(transport http.RoundTripper, r *http.Request) outcome {
	began := time.Now()
	response, err := transport.RoundTrip(r)
	if err != nil {
		return outcome{err: err, took: time.Since(began)}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	header := response.Header
	return outcome{response.StatusCode, header.Get("Content-Type"), header.Get("Retry-After"), string(body), err, time.Since(began)}
}

// newRequest is a POST whose client gives up after a minute.
func newRequest(t *testing.T, base string, patience time.Duration) *http.Request {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "POST", base+"/api/v2/users", strings.NewReader("question"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const whole = `{"body":"question"}`

// faultCases are what each fault does to a request, wherever it happens.
func faultCases() map[zendesksim.Fault]outcome {
	const (
		asJSON = "application/json; charset=utf-8"
		asText = "text/plain; charset=utf-8"
		asPage = "text/html; charset=utf-8"
	)
	tooMany := `{"errors":[{"code":"TooManyRequests","title":"Too many requests"}]}`
	return map[zendesksim.Fault]outcome{
		zendesksim.NoFault:         {status: 201, kind: "application/json", body: whole},
		zendesksim.TooMany:         {status: 429, kind: asJSON, retryAfter: "3", body: tooMany},
		zendesksim.TooManyText:     {status: 429, kind: asText, retryAfter: "3", body: accountLimitText},
		zendesksim.TooManyBare:     {status: 429, kind: asJSON, body: tooMany},
		zendesksim.Conflict:        {status: 409, kind: asJSON, body: `{"description":"Database collision","error":"DatabaseConflict"}`},
		zendesksim.InternalError:   {status: 500, kind: asJSON, body: `{"description":"Something went wrong","error":"InternalError"}`},
		zendesksim.BadGateway:      {status: 502, kind: asPage, body: "<html><head><title>502 Bad Gateway</title></head></html>\n"},
		zendesksim.Unavailable:     {status: 503, kind: asText, retryAfter: "3", body: "Service Unavailable"},
		zendesksim.UnavailableBare: {status: 503, kind: asText, body: "Service Unavailable"},
		zendesksim.Unauthorized: {status: 401, kind: asJSON, body: `{"error":"invalid_token","error_description":` +
			`"The access token provided is expired, revoked, malformed or invalid for other reasons."}`},
		zendesksim.TimeoutBefore: {err: context.DeadlineExceeded},
		zendesksim.TimeoutAfter:  {err: context.DeadlineExceeded},
		zendesksim.ResetBefore:   {err: io.ErrUnexpectedEOF},
		zendesksim.ResetAfter:    {err: io.ErrUnexpectedEOF},
		zendesksim.Truncated:     {status: 201, kind: "application/json", body: whole[:len(whole)/2], err: io.ErrUnexpectedEOF},
		zendesksim.NotJSON:       {status: 200, kind: asPage, body: "<html><head><title>Welcome</title></head></html>\n"},
		zendesksim.WrongType:     {status: 201, kind: asPage, body: whole},
		zendesksim.Slow:          {status: 201, kind: "application/json", body: whole, took: 5 * time.Second},
	}
}

// takesEffect are the faults of requests that are carried out all the same.
func takesEffect(fault zendesksim.Fault) bool {
	return slices.Contains([]zendesksim.Fault{
		zendesksim.NoFault, zendesksim.TimeoutAfter, zendesksim.ResetAfter, zendesksim.Truncated, zendesksim.NotJSON,
		zendesksim.WrongType, zendesksim.Slow,
	}, fault)
}

func TestFaultsInProcess(t *testing.T) {
	for _, fault := range append(zendesksim.AllFaults(), zendesksim.NoFault) {
		t.Run(fault.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				want, described := faultCases()[fault]
				if !described {
					t.Fatal("there is no case for this fault")
				}
				if errors.Is(want.err, context.DeadlineExceeded) {
					want.took = time.Minute
				}
				behind := &counted{}
				faults := zendesksim.Faults{Plan: always(fault), RetryAfter: 2500 * time.Millisecond, Delay: 5 * time.Second}
				transport := runner.InProcess(faults.Handler(behind))
				got := exchange(transport, newRequest(t, "https://acme.zendesk.com", time.Minute))
				compareOutcome(t, got, want)
				if effect := behind.n.Load() == 1; effect != takesEffect(fault) || effect != fault.TakesEffect() {
					t.Errorf("carried out: %t", effect)
				}
				synctest.Wait() // Nothing is left that waits for a client which has gone.
			})
		})
	}
}

func compareOutcome(t *testing.T, got, want outcome) {
	t.Helper()
	if !errors.Is(got.err, want.err) || (want.err == nil) != (got.err == nil) {
		t.Errorf("error %v, want %v", got.err, want.err)
	}
	got.err, want.err = nil, nil
	if got != want {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// Over a listener, timeouts and broken connections are those of TCP.
func TestFaultsOverANetwork(t *testing.T) {
	for _, fault := range zendesksim.AllFaults() {
		t.Run(fault.String(), func(t *testing.T) {
			behind := &counted{}
			faults := zendesksim.Faults{Plan: always(fault), RetryAfter: 3 * time.Second, Delay: 30 * time.Millisecond}
			server := httptest.NewServer(faults.Handler(behind))
			defer server.Close() // It waits until nobody is served any more.
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			patience := 20 * time.Second
			want := faultCases()[fault]
			if errors.Is(want.err, context.DeadlineExceeded) {
				patience = 100 * time.Millisecond
			}
			got := exchange(transport, newRequest(t, server.URL, patience))
			if fault == zendesksim.ResetBefore || fault == zendesksim.ResetAfter {
				want.err = syscall.ECONNRESET
			}
			if fault == zendesksim.Slow && got.took < 30*time.Millisecond {
				t.Errorf("the answer took %s", got.took)
			}
			got.took, want.took = 0, 0
			compareOutcome(t, got, want)
			if effect := behind.n.Load() == 1; effect != takesEffect(fault) {
				t.Errorf("carried out: %t", effect)
			}
		})
	}
}

// A client without a timeout is let go in the end.
func TestMaxHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		faults := zendesksim.Faults{Plan: always(zendesksim.TimeoutBefore), MaxHang: time.Hour}
		got := exchange(runner.InProcess(faults.Handler(&counted{})), newRequest(t, "https://acme.zendesk.com", 24*time.Hour))
		compareOutcome(t, got, outcome{err: io.ErrUnexpectedEOF, took: time.Hour})
	})
}

// A page in place of a refusal would say that something was done.
func TestNotJSONIsForSuccesses(t *testing.T) {
	refusing := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, "no")
	})
	w := httptest.NewRecorder()
	zendesksim.Faults{Plan: always(zendesksim.NotJSON)}.Handler(refusing).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 422 || w.Body.String() != "no" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// The header of a truncated answer promises the whole body.
func TestTruncatedPromisesMore(t *testing.T) {
	w := httptest.NewRecorder()
	defer func() {
		if broken := recover(); broken != http.ErrAbortHandler || w.Header().Get("Content-Length") != "19" || w.Body.Len() != 9 {
			t.Errorf("%v, header %v, body %s", broken, w.Header(), w.Body)
		}
	}()
	r := httptest.NewRequest("POST", "/", strings.NewReader("question"))
	zendesksim.Faults{Plan: always(zendesksim.Truncated)}.Handler(&counted{}).ServeHTTP(w, r)
}

// An answer without a body cannot be cut short, so its connection breaks.
func TestTruncatedWithoutABody(t *testing.T) {
	silent := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	transport := runner.InProcess(zendesksim.Faults{Plan: always(zendesksim.Truncated)}.Handler(silent))
	got := exchange(transport, newRequest(t, "https://acme.zendesk.com", time.Minute))
	if got.status != 0 || !errors.Is(got.err, io.ErrUnexpectedEOF) {
		t.Errorf("%+v", got)
	}
}

func TestNoFaults(t *testing.T) {
	behind := &counted{}
	w := httptest.NewRecorder()
	zendesksim.Faults{}.Handler(behind).ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader("question")))
	if w.Code != 201 || w.Body.String() != whole {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// A body that cannot be read to its end is no other for having been looked at.
func TestBrokenBodiesStayBroken(t *testing.T) {
	gone := errors.New("the client went away")
	var got error
	behind := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, got = io.ReadAll(r.Body) })
	r := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader("half"), failing{gone}))
	zendesksim.Faults{Plan: always(zendesksim.NoFault)}.Handler(behind).ServeHTTP(httptest.NewRecorder(), r)
	if !errors.Is(got, gone) {
		t.Errorf("error %v", got)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// A long body comes through whole although not all of it counts.
func TestLongBodies(t *testing.T) {
	long := strings.Repeat("x", 5<<20)
	var got int
	behind := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = len(body)
	})
	r := httptest.NewRequest("POST", "/", strings.NewReader(long))
	zendesksim.Faults{Plan: always(zendesksim.NoFault)}.Handler(behind).ServeHTTP(httptest.NewRecorder(), r)
	if got != len(long) {
		t.Errorf("%d bytes", got)
	}
}

func TestFaultsAreObserved(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	faults := zendesksim.Faults{
		Plan: zendesksim.Nth(2, zendesksim.BadGateway, nil),
		Observe: func(try zendesksim.Try, fault zendesksim.Fault) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, fmt.Sprint(try.Number, try.Nth, try.Row, " ", try.Identity, " ", fault))
		},
	}
	h := faults.Handler(&counted{})
	for range 3 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/a?b=c", strings.NewReader("d")))
	}
	if want := []string{"2 2 0 POST /a?b=c d 502"}; !slices.Equal(seen, want) {
		t.Errorf("%q, want %q", seen, want)
	}
}
