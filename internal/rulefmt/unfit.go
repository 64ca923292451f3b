package rulefmt

import (
	"errors"
	"io"
	"strings"

	"gopkg.in/yaml.v3"
)

// Unfit says why [Format] leaves a file as it is without having looked at it;
// empty where it does look.
func Unfit(text string) string {
	switch {
	case strings.Contains(text, "\ufeff"):
		return "it has a byte order mark"
	case strings.Contains(text, "\r"):
		return "its lines end as those of Windows do (CRLF)"
	case strings.Contains(text, "\t"):
		return "it has tabs"
	case strings.ContainsAny(text, "\u0085\u2028\u2029"):
		return "it has line ends that editors do not show"
	}
	return notOneDocument(text)
}

func notOneDocument(text string) string {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for documents := 0; ; documents++ {
		var n yaml.Node
		err := decoder.Decode(&n)
		switch {
		case errors.Is(err, io.EOF):
			return ""
		case err != nil:
			return "it is not YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")
		case documents > 0:
			return "it has more than one YAML document"
		}
	}
}
