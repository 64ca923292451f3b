package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// A versionJSON is what version says, for programs.
type versionJSON struct {
	Version      string   `json:"version"`
	Go           string   `json:"go"`
	Platform     string   `json:"platform"`
	Destinations []string `json:"destinations"`
}

func newVersion(sh shell) *cobra.Command {
	var output string
	verb := &cobra.Command{
		Use:   "version",
		Short: "Say which version this is",
		Long: `Say which version this is, what it was built with, and whose rules are built in.

Exit status:
  0  it was said
  2  arguments are wrong`,
		Example: "  deskrules version\n  deskrules version --output json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			return printVersion(sh, output)
		},
	}
	outputFlag(verb, &output)
	return verb
}

func printVersion(sh shell, output string) error {
	asJSON, err := wantsJSON(output)
	if err != nil {
		return err
	}
	known, err := embeddedNames()
	if err != nil {
		return err
	}
	built := versionJSON{
		Version: buildVersion(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Destinations: known,
	}
	if asJSON {
		return printJSON(sh.out, built)
	}
	fmt.Fprintf(sh.out, "deskrules %s (%s, %s)\n", built.Version, built.Go, built.Platform)
	for _, name := range known {
		program, err := loadEmbedded(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(sh.out, "rules for %s (%s)\n", program.Title(), name)
	}
	return nil
}

// buildVersion is what the Go toolchain stamped into the binary: a release when
// it was installed as a module, a commit when it was built from a checkout.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// noArgs refuses arguments.
func noArgs(verb *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no arguments, and there is %q", verb.Name(), args[0])
	}
	return nil
}
