package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

// The times that the simulator gives its clients. Nobody should need longer
// for a request of a few kilobytes.
const (
	headerTimeout   = 10 * time.Second
	shutdownTimeout = 5 * time.Second
)

// simOptions are the flags of sim.
type simOptions struct {
	sources
	addr    string
	account string
	dump    string
}

func newSim(sh shell) *cobra.Command {
	o := simOptions{sources: sources{unset: omitUnset}}
	verb := &cobra.Command{
		Use:   "sim",
		Short: "Serve the simulator over HTTP",
		Long: `Serve a simulated Zendesk account over HTTP, for other programs and for repeated
runs: what one run writes, the next one finds. It takes any credential, keeps
everything in memory and is gone when it ends (Ctrl-C); --dump keeps the
account.

Exit status:
  0  it was ended by a signal
  2  the address or the account is wrong`,
		Example: `  deskrules sim --account examples/account.json`,
		Args:    noArgs,
		RunE: func(verb *cobra.Command, _ []string) error {
			return o.run(verb.Context(), sh)
		},
	}
	o.declare(verb)
	verb.Flags().StringVar(&o.addr, "addr", "127.0.0.1:8350", "listen on `HOST:PORT`; port 0 takes a free one")
	verb.Flags().StringVar(&o.account, "account", "", "start with what `FILE` (JSON) holds")
	verb.Flags().StringVar(&o.dump, "dump", "", "write the account to `FILE` at the end, for --account")
	return verb
}

func (o simOptions) run(ctx context.Context, sh shell) error {
	made, err := o.load(sh)
	if err != nil {
		return err
	}
	sim, err := newSimulator(made.program.Name(), o.account)
	if err != nil {
		return err
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", o.addr)
	if err != nil {
		return fmt.Errorf("--addr %s: %w", o.addr, err)
	}
	o.greet(sh, listener.Addr())
	if err := serve(ctx, listener, logged(sh, sim)); err != nil {
		return err
	}
	return o.farewell(sh, sim)
}

// greet says how to use the simulator, with commands that can be copied.
func (o simOptions) greet(sh shell, addr net.Addr) {
	host := addr.String()
	if tcp, ok := addr.(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		complain(sh.err, "warning: other machines can reach this address, and the simulator takes any credential")
		if tcp.IP.IsUnspecified() {
			host = fmt.Sprintf("localhost:%d", tcp.Port)
		}
	}
	fmt.Fprintf(sh.out, `The simulator listens on http://%[1]s/api/v2/

Deliver events to it from another terminal:

  deskrules run --base-url http://%[1]s/api/v2/ examples/events.ndjson

Look at what it holds:

  curl -u any/token:any http://%[1]s/api/v2/users

Ctrl-C ends it.
`, host)
}

// farewell says what the account held, and keeps it if that was asked for.
func (o simOptions) farewell(sh shell, sim simulator) error {
	fmt.Fprintln(sh.out, "\nThe account held")
	printHoldings(sh.out, sim.holdings())
	if o.dump == "" {
		return nil
	}
	file, err := createPrivate(o.dump)
	if err != nil {
		return fmt.Errorf("--dump %s: %w", o.dump, pathError(err))
	}
	return errors.Join(sim.Account().WriteJSON(file), file.Close())
}

// serve answers requests until ctx ends, and then those that have begun.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	return server.Shutdown(grace)
}

// logged shows each request as it is answered. Ids and queries stay out of it:
// the events may be those of real people.
func logged(sh shell, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		handler.ServeHTTP(answer, r)
		fmt.Fprintf(sh.err, "%d %s %s\n", answer.status, printable(r.Method), printable(openPath(r.URL.Path)))
	})
}

// A statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
