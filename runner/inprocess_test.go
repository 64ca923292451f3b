package runner_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskrules/deskrules/runner"
)

// serveOne has one POST served by h.
func serveOne(ctx context.Context, t *testing.T, h http.HandlerFunc) (*http.Response, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, "POST", "https://crm.example/a%2Fb?c=d", strings.NewReader("question"))
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "" // the URL's, then
	return runner.InProcess(h).RoundTrip(request)
}

func TestInProcess(t *testing.T) {
	reply, err := serveOne(t.Context(), t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Retry-After", "3")
		w.WriteHeader(http.StatusTooManyRequests)
		w.Header().Set("Retry-After", "too late")
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, r.Host+" "+r.RequestURI+" "+string(body))
	})
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil || string(body) != "crm.example /a%2Fb?c=d question" {
		t.Errorf("body %q, error %v", body, err)
	}
	if reply.StatusCode != 429 || reply.Header.Get("Retry-After") != "3" {
		t.Errorf("status %d, header %v", reply.StatusCode, reply.Header)
	}
}

func TestInProcessAnswersForASilentHandler(t *testing.T) {
	reply, err := serveOne(t.Context(), t, func(http.ResponseWriter, *http.Request) {})
	if err != nil || reply.StatusCode != 200 {
		t.Fatalf("%v, %v", reply, err)
	}
	if body, err := io.ReadAll(reply.Body); err != nil || len(body) > 0 {
		t.Errorf("body %q, error %v", body, err)
	}
}

func TestInProcessPanicsBreakTheConnection(t *testing.T) {
	_, err := serveOne(t.Context(), t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("before the header: %v", err)
	}
	reply, err := serveOne(t.Context(), t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"half":`)
		panic(http.ErrAbortHandler)
	})
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(reply.Body); string(body) != `{"half":` || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("within the body: %q, %v", body, err)
	}
}

// synctest fails the test if a goroutine of the handler stays behind.
func TestInProcessEndsWithItsContext(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	hangWithin := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half")
		<-r.Context().Done()
	}
	writeOn := func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(bytes.Repeat([]byte("x"), 1000)); err != nil {
				return
			}
		}
	}
	synctest.Test(t, func(t *testing.T) {
		for _, h := range []http.HandlerFunc{hang, hangWithin} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			reply, err := serveOne(ctx, t, h)
			if err == nil {
				_, err = io.ReadAll(reply.Body)
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v", err)
			}
			cancel()
		}
		reply, err := serveOne(t.Context(), t, writeOn)
		if err != nil {
			t.Fatal(err)
		}
		reply.Body.Close()
		synctest.Wait()
	})
}
