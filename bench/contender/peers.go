package contender

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/bytedance/sonic"

	"github.com/deskrules/deskrules/bench/corpus"
)

// newPeers gives what people write instead: for identify every way there is,
// for the others those that take no new idea.
func newPeers(kind corpus.Kind, w *world) ([]Contender, error) {
	peers := slices.Concat(codecPeers(kind, w), []Contender{{Name: "gjson+sjson", Make: newSetter(kind, w)}})
	if kind != corpus.Identify {
		return peers, nil
	}
	expression, err := newExpression(w)
	if err != nil {
		return nil, err
	}
	jq, err := newJQ(w)
	return append(peers, Contender{Name: "expr-lang", Make: expression}, Contender{Name: "gojq", Make: jq}), err
}

// A codec reads and writes Go values as JSON, numbers as they are.
type codec struct {
	name    string
	read    func(data []byte, into any) error
	write   func(any) ([]byte, error)
	skipped bool
}

func codecs() []codec {
	fast := sonic.Config{UseNumber: true}.Froze()
	return []codec{
		{name: "encoding/json", read: readJSON, write: json.Marshal},
		// Where sonic does not know the version of Go it is encoding/json itself.
		{name: "sonic", read: fast.Unmarshal, write: fast.Marshal, skipped: sonic.APIKind != sonic.UseSonicJSON},
	}
}

func readJSON(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// codecPeers has maps and structs by each codec.
func codecPeers(kind corpus.Kind, w *world) []Contender {
	var peers []Contender
	for _, c := range codecs() {
		if c.skipped {
			continue
		}
		peers = append(peers,
			Contender{Name: c.name + " maps", Make: throughMaps(kind, w, c)},
			Contender{Name: c.name + " structs", Make: throughStructs(kind, w, c)})
	}
	return peers
}
