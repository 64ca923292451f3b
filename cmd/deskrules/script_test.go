package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"deskrules": main})
}

// TestScript runs the scripts in testdata/script. Beside what testscript knows
// they have commands of their own (below), and these variables:
//
//	EXAMPLES  the folder examples of the repository
//	RULES     the folder with the embedded rules, as files
//	REFUSING  the URL of a server that answers 401 to everything
//	SLOW      the URL of a server that takes its time to answer {}
//	SIM       the URL of a simulator that lasts as long as the script
//
// DESKRULES_UPDATE=1 rewrites what the scripts compare.
func TestScript(t *testing.T) {
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("DESKRULES_UPDATE") != "",
		Setup: func(env *testscript.Env) error {
			refusing := httptest.NewServer(http.HandlerFunc(refuse))
			slow := &slowServer{}
			slowly := httptest.NewServer(slow)
			env.Defer(refusing.Close)
			env.Defer(slowly.Close)
			account, err := newSimulator(simulated, "")
			if err != nil {
				return err
			}
			lasting := httptest.NewServer(account)
			env.Defer(lasting.Close)
			env.Setenv("SIM", lasting.URL+"/api/v2/")
			env.Values[slowKey{}] = slow
			env.Setenv("EXAMPLES", filepath.Join(repository, "examples"))
			env.Setenv("RULES", filepath.Join(repository, "rules", "zendesk"))
			env.Setenv("REFUSING", refusing.URL+"/api/v2/")
			env.Setenv("SLOW", slowly.URL+"/api/v2/")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     exits,
			"interrupt": interrupt,
			"mode":      mode,
			"narrow":    narrow,
			"saves":     saves,
		},
	})
}

func refuse(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnauthorized)
	fmt.Fprint(w, `{"error":"Couldn't authenticate you"}`)
}

// A slowServer says when it is asked next.
type slowServer struct {
	mu    sync.Mutex
	asked chan struct{} // nil where nobody wants to know
}

func (s *slowServer) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = make(chan struct{})
	return s.asked
}

func (s *slowServer) tell() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked != nil {
		close(s.asked)
		s.asked = nil
	}
}

type slowKey struct{}

func (s *slowServer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.tell()
	time.Sleep(300 * time.Millisecond)
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, "{}")
}

// exits STATUS COMMAND... runs a command that has to end with a status.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND...")
	}
	endsWith(ts, args, ts.Exec(args[1], args[2:]...))
}

func exitCode(ts *testscript.TestScript, err error) int {
	var ended *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &ended):
		return ended.ExitCode()
	default:
		ts.Fatalf("%v", err)
		return -1
	}
}

// interrupt STATUS COMMAND... runs a command, sends it SIGINT as soon as it has
// printed something or asked the slow server, and checks how it ends.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: interrupt STATUS COMMAND...")
	}
	printed := &watched{begun: make(chan struct{})}
	var complaints bytes.Buffer
	slow, _ := ts.Value(slowKey{}).(*slowServer)
	asked := slow.next()
	command := start(ts, printed, &complaints, args[1:])
	select {
	case <-printed.begun:
	case <-asked:
	case <-time.After(20 * time.Second):
		ts.Logf("%s has not begun to work", args[1])
	}
	ts.Check(command.Process.Signal(syscall.SIGINT))
	ended := command.Wait()
	fmt.Fprint(ts.Stdout(), printed.text.String())
	fmt.Fprint(ts.Stderr(), complaints.String())
	endsWith(ts, args, ended)
}

// saves STATUS FIRST FILE NEW SECOND COMMAND... runs a command that watches files.
// As soon as it has printed FIRST and waits, NEW takes the place of FILE, and as
// soon as it has printed SECOND behind that and waits again, it gets SIGINT.
func saves(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 6 {
		ts.Fatalf("usage: saves STATUS FIRST FILE NEW SECOND COMMAND...")
	}
	var out lockedBuffer
	command := start(ts, &out, &out, args[5:])
	awaits := func(text string, from int) int {
		at := out.await(text+"\n", from)
		if at = out.await("deskrules: waiting for a change\n", at); at < 0 {
			ts.Check(command.Process.Kill())
			_ = command.Wait()
			ts.Fatalf("%q does not come:\n%s", text, out.String())
		}
		return at
	}
	at := awaits(args[1], 0)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(ts.ReadFile(args[3])), 0o600))
	awaits(args[4], at)
	ts.Check(command.Process.Signal(syscall.SIGINT))
	endsWith(ts, append(args[:1:1], args[5:]...), command.Wait())
	fmt.Fprint(ts.Stdout(), out.String())
}

// start begins a command in the folder of the script.
func start(ts *testscript.TestScript, out, complaints io.Writer, args []string) *exec.Cmd {
	command := exec.Command(lookPath(ts, args[0]), args[1:]...)
	command.Dir = ts.MkAbs(".")
	command.Env = []string{"PATH=" + ts.Getenv("PATH"), "HOME=" + ts.Getenv("HOME")}
	command.Stdout, command.Stderr = out, complaints
	ts.Check(command.Start())
	return command
}

// endsWith compares how a command ended with STATUS COMMAND...
func endsWith(ts *testscript.TestScript, args []string, ended error) {
	wanted, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := exitCode(ts, ended); got != wanted {
		ts.Fatalf("%s ended with status %d, not with %d", args[1], got, wanted)
	}
}

// lookPath finds a command in the PATH of the script.
func lookPath(ts *testscript.TestScript, name string) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return filepath.Join(dir, name)
		}
	}
	ts.Fatalf("%s is not in the PATH", name)
	return ""
}

// A watched is output that tells when it begins.
type watched struct {
	text  bytes.Buffer
	once  sync.Once
	begun chan struct{}
}

func (w *watched) Write(p []byte) (int, error) {
	w.once.Do(func() { close(w.begun) })
	return w.text.Write(p)
}

// mode PERMISSIONS FILE... checks who may read files.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mode PERMISSIONS FILE...")
	}
	for _, name := range args[1:] {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
			ts.Fatalf("%s has mode %s, not %s", name, got, args[0])
		}
	}
}

// narrow FILE checks that no line of a file, stdout or stderr is longer than
// the screen.
func narrow(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: narrow FILE")
	}
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > columns {
			ts.Fatalf("this line has %d characters: %s", n, line)
		}
	}
}
