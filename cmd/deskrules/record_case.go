package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/internal/alias"
	"github.com/deskrules/deskrules/runner"
)

// caseText writes all of a case but what it wants.
func (r *recording) caseText(real delivered, masks *alias.Aliases) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", r.title)
	if settings := r.settingsText(masks); settings != "" {
		fmt.Fprintf(&b, "-- settings.yaml --\n%s", settings)
	}
	b.WriteString(r.eventsText(masks))
	if r.account != nil {
		fmt.Fprintf(&b, "-- account.json --\n%s\n", strings.TrimSpace(masks.JSON(string(r.account))))
		return b.String(), nil
	}
	b.WriteString("-- replies.http --\n")
	for _, one := range real.deeds {
		for _, call := range one.calls {
			if err := writeReply(&b, call, masks); err != nil {
				return "", err
			}
		}
	}
	return b.String(), nil
}

func (r *recording) eventsText(masks *alias.Aliases) string {
	if len(r.events) == 1 {
		return "-- event.json --\n" + masks.JSON(compacted(r.events[0].Event)) + "\n"
	}
	text := "-- events.ndjson --\n"
	for _, event := range r.events {
		text += masks.JSON(compacted(event.Event)) + "\n"
	}
	return text
}

// compacted writes JSON in one line, which no line of a case can be mistaken for.
func compacted(text []byte) string {
	var compact bytes.Buffer
	if json.Compact(&compact, text) != nil {
		return "not JSON"
	}
	return compact.String()
}

// secretInCase stands for a credential that the rules give no example of.
const secretInCase = "simulated"

// caseSettings are those of the config that say what rules do, and not where the
// account is and how to get in. Secrets are never among them.
func (s setup) caseSettings() map[string]any {
	kept := map[string]any{}
	for _, declared := range s.program.Settings() {
		value, given := s.config.settings[declared.Name]
		_, example := s.program.Examples()[declared.Name]
		switch {
		case !given || s.leadsIn(declared.Name):
		case !declared.Secret:
			kept[declared.Name] = value
		case !example && declared.Type == "string":
			kept[declared.Name] = secretInCase
		}
	}
	return kept
}

var aSetting = regexp.MustCompile(`config\.(\w+)`)

// leadsIn reports whether a setting is for the way into the account.
func (s setup) leadsIn(name string) bool {
	described := s.program.Describe()
	for _, way := range described.Authentication {
		if slices.Contains(way.Needs, name) {
			return true
		}
	}
	return slices.ContainsFunc(aSetting.FindAllStringSubmatch(described.URL, -1), func(found []string) bool { return found[1] == name })
}

// settingsAsPlayed are what the case is played with.
func (r *recording) settingsAsPlayed() map[string]any {
	settings := r.program.Examples()
	maps.Copy(settings, r.caseSettings())
	return settings
}

// checkSettings finds out whether the case could be played with its settings:
// those that the URL or headers read need an example.
func (r *recording) checkSettings() error {
	if _, err := r.program.Configure(r.settingsAsPlayed()); err != nil {
		return fmt.Errorf("a case has no settings of an account, only the examples of the rules, and they do not suffice: %w; "+
			"give the settings that are required, or that the URL or headers read, an example: in destination.yaml", err)
	}
	return nil
}

func (r *recording) settingsText(masks *alias.Aliases) string {
	kept := r.caseSettings()
	if len(kept) == 0 {
		return ""
	}
	for name, value := range kept {
		if text, is := value.(string); is {
			kept[name] = masks.Value(name, text)
		}
	}
	text, err := yaml.Marshal(kept)
	if err != nil {
		return "" // cannot happen: settings are texts, numbers and booleans
	}
	return string(text)
}

// writeReply writes one answer of a server as replies.http has it.
func writeReply(b *strings.Builder, call runner.Attempt, masks *alias.Aliases) error {
	status, err := statusOf(call)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "%s %s?%s\n%s\n", call.Request.Method, masks.Path(call.Path), readableQuery(call.Query, masks), status)
	if isRetryAfter(call.RetryAfter) {
		fmt.Fprintf(b, "Retry-After: %s\n", call.RetryAfter)
	}
	// Of what is no JSON the rules learn no more than that, and nobody could
	// tell what is to be masked in it.
	if len(bytes.TrimSpace(call.Body)) > 0 {
		b.WriteString(masks.JSON(compacted(call.Body)) + "\n")
	}
	b.WriteString("\n")
	return nil
}

// statusOf is how an answer is told in a case.
func statusOf(call runner.Attempt) (string, error) {
	readable := call.Failure == engine.Answered || call.Failure == engine.Unreadable && len(call.Body) > 0
	switch {
	case call.Failure == engine.Refused, call.Failure == engine.Reset, call.Failure == engine.Timeout:
		return string(call.Failure), nil
	case readable && call.Status >= 200 && call.Status <= 599:
		return strconv.Itoa(call.Status), nil
	}
	return "", fmt.Errorf("no case can hold the answer to %s %s: %s", call.Request.Method, openPath(call.Path), call.Detail)
}

// isRetryAfter reports whether a header is what it should be: a server could
// write anything into it.
func isRetryAfter(header string) bool {
	_, notSeconds := strconv.ParseUint(header, 10, 63)
	_, notDate := http.ParseTime(header)
	return notSeconds == nil || notDate == nil
}

// readableQuery writes a query as cases have it, with a plus that is one.
func readableQuery(raw string, masks *alias.Aliases) string {
	var parts []string
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		plainName, _ := url.QueryUnescape(name)
		plain, err := url.QueryUnescape(value)
		if part != "" && err == nil {
			parts = append(parts, readable(plainName, "%&=")+"="+readable(masks.Query(plain), "%&"))
		}
	}
	return strings.Join(parts, "&")
}

// readable escapes only what would not come back as it was.
func readable(text, reserved string) string {
	var b strings.Builder
	for i, r := range text {
		outer := r == ' ' && (i == 0 || i == len(text)-1)
		if outer || strings.ContainsRune(reserved, r) || !unicode.IsPrint(r) {
			b.WriteString(strings.ReplaceAll(url.QueryEscape(string(r)), "+", "%20"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
