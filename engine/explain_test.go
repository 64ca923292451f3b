package engine_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/deskrules/deskrules/engine"
)

// Each case holds a rule, an event and answers, and shows the explanation.
func TestExplanations(t *testing.T) {
	archives(t, "explanations", func(t *testing.T, sections map[string]string) string {
		x := configure(t, sections).Explain([]byte(strings.TrimSpace(sections["event"])))
		play(t, x, sections["answers"])
		var b strings.Builder
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", " ")
		if err := encoder.Encode(x.Explanation()); err != nil {
			t.Fatal(err)
		}
		return b.String()
	})
}

// Explaining changes nothing of what is sent, and is not done unasked.
func TestExplainingChangesNothing(t *testing.T) {
	config := configure(t, map[string]string{"sync.yaml": simpleRule})
	event := []byte(`{"type":"sync","userId":7,"traits":{"a b":1,"c":null}}`)
	plain, explained := config.Start(event), config.Explain(event)
	if got, want := play(t, explained, "200 {}"), play(t, plain, "200 {}"); got != want {
		t.Errorf("explained:\n%s\nnot explained:\n%s", got, want)
	}
	if plain.Explanation() != nil || explained.Explanation() == nil {
		t.Error("an explanation is there unasked, or missing")
	}
}

// Whatever an event is like, explaining it ends as not explaining it does, and
// the explanation is JSON.
func TestExplainingHostileEvents(t *testing.T) {
	config := embeddedConfig(t)
	for name, shape := range hostileShapes() {
		for kind, event := range hostileEvents(shape(400)) {
			explained := config.Explain([]byte(event))
			got := finish(t, explained, func(engine.Request) {})
			want := finish(t, config.Start([]byte(event)), func(engine.Request) {})
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s: explained it ends %+v, else %+v", name, kind, got, want)
			}
			if _, err := json.Marshal(explained.Explanation()); err != nil {
				t.Errorf("%s, %s: %v", name, kind, err)
			}
		}
	}
}
