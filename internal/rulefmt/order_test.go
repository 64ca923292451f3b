package rulefmt

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/deskrules/deskrules/engine"
)

// asWritten are the constructs whose keys stay in the order in which they are
// written: what comes first there is what the author wants to be read first.
func asWritten() []string {
	return []string{
		"matchNode", "settingNode", "authNode", "basicNode", "clientNode", "errorsNode", "pagingNode", "rateLimitNode",
		"conditionNode", "tableNode", "rememberNode", "withNode", "inputNode",
	}
}

// TestOrderHasEveryKey compares the orders with the tables that the parser reads
// with: a construct with a key that its order does not know is not put in order
// at all, and nobody would notice.
func TestOrderHasEveryKey(t *testing.T) {
	found := constructs(engine.RuleForm(), engine.DestinationForm(), engine.TableForm())
	for name, c := range found {
		for _, kind := range kindsOf(c) {
			compareOrder(t, name, kind.order, kind.keys)
		}
	}
	for _, name := range slices.Concat(asWritten(), slices.Collect(maps.Keys(orders()))) {
		if found[name].Keys == nil {
			t.Errorf("the parser knows no %s", name)
		}
	}
}

// compareOrder wants each key in the order, once, and no order at all where the
// keys stay as they are written.
func compareOrder(t *testing.T, name string, order, keys []string) {
	t.Helper()
	if (order == nil) != slices.Contains(asWritten(), name) {
		t.Errorf("%s: give it an order, or list it as written", name)
	}
	if order == nil {
		return
	}
	places := map[string]int{}
	for word := range strings.FieldsSeq(strings.Join(order, " ")) {
		places[word]++
	}
	for _, key := range keys {
		if places[key] != 1 {
			t.Errorf("%s: the key %s stands in the order %d times", name, key, places[key])
		}
	}
}

// TestOrderHasNoOtherKeys finds what is left of a key that was renamed.
func TestOrderHasNoOtherKeys(t *testing.T) {
	for name, c := range constructs(engine.RuleForm(), engine.DestinationForm()) {
		keys := keyNames(c)
		for _, kind := range kindsOf(c) {
			for word := range strings.FieldsSeq(strings.Join(kind.order, " ")) {
				if !slices.Contains(keys, word) {
					t.Errorf("%s: %s is no key", name, word)
				}
			}
		}
	}
}

// A kind is a construct of which some keys go together.
type kind struct{ order, keys []string }

// kindsOf gives those of a step, whose order depends on what it does, and every
// other construct as it is.
func kindsOf(c engine.Construct) []kind {
	if c.Name != "stepNode" {
		return []kind{{orders()[c.Name], keyNames(c)}}
	}
	var all []kind
	for does, others := range c.Variants {
		keys := append([]string{does}, others...)
		all = append(all, kind{stepOrder(mappingOf(keys)), keys})
	}
	return all
}

func keyNames(c engine.Construct) []string {
	var names []string
	for _, key := range c.Keys {
		names = append(names, key.Name)
	}
	return names
}

// mappingOf is a node with some keys.
func mappingOf(keys []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, key := range keys {
		n.Content = append(n.Content, &yaml.Node{Value: key}, &yaml.Node{})
	}
	return n
}

// constructs gives all constructs of some forms by their names. What has one name
// at several places may have other keys at each: all of them count.
func constructs(forms ...engine.Form) map[string]engine.Construct {
	found := map[string]engine.Construct{}
	for len(forms) > 0 {
		f := forms[0]
		forms = append(forms[1:], f.Any...)
		for _, inner := range []*engine.Form{f.Items, f.Values} {
			if inner != nil {
				forms = append(forms, *inner)
			}
		}
		if f.Keys == nil {
			continue
		}
		c := found[f.Keys.Name]
		before := len(c.Keys)
		c.Name, c.Variants = f.Keys.Name, f.Keys.Variants
		for _, key := range f.Keys.Keys {
			if !slices.Contains(keyNames(c), key.Name) {
				c.Keys = append(c.Keys, key)
			}
		}
		found[c.Name] = c
		if len(c.Keys) > before {
			for _, key := range f.Keys.Keys {
				forms = append(forms, key.Form)
			}
		}
	}
	return found
}
