package runner_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/runner"
)

func learn(key, value string, d time.Duration) engine.Fact {
	return engine.Fact{Op: engine.Learn, Key: key, Value: json.RawMessage(value), For: d}
}

func wantValue(t *testing.T, m runner.Memory, key, want string) {
	t.Helper()
	value, ok := m.Recall(key)
	if string(value) != want || ok != (want != "") {
		t.Errorf("%s is %q, %t; want %q", key, value, ok, want)
	}
}

func TestMemoryForgetsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := runner.NewMemory(0, nil)
		m.Apply([]engine.Fact{learn("a", `[1]`, 10*time.Minute), learn("b", `2`, time.Hour)})
		time.Sleep(9 * time.Minute)
		m.Apply([]engine.Fact{{Op: engine.Extend, Key: "a", Value: json.RawMessage(`2`)}})
		wantValue(t, m, "a", `[1,2]`)
		time.Sleep(time.Minute)
		wantValue(t, m, "a", "")
		wantValue(t, m, "b", "2")
	})
}

func TestMemoryAppliesFactsInOrder(t *testing.T) {
	m := runner.NewMemory(0, nil)
	extend := func(key, value string) engine.Fact {
		return engine.Fact{Op: engine.Extend, Key: key, Value: json.RawMessage(value)}
	}
	m.Apply([]engine.Fact{
		extend("unknown", `1`),
		learn("list", ` [ ] `, time.Hour), extend("list", `"x"`), extend("list", `{"y":[]}`),
		learn("text", `"x"`, time.Hour), extend("text", `1`),
		learn("gone", `1`, time.Hour), {Op: engine.Forget, Key: "gone"},
		{Op: engine.Forget, Key: "never there"},
		learn("twice", `1`, time.Hour), learn("twice", `2`, time.Hour),
		learn("no time", `1`, 0),
	})
	wantValue(t, m, "unknown", "")
	wantValue(t, m, "list", `["x",{"y":[]}]`)
	wantValue(t, m, "text", `"x"`)
	wantValue(t, m, "gone", "")
	wantValue(t, m, "twice", "2")
	wantValue(t, m, "no time", "")
}

func TestMemoryKeepsWhatIsUsed(t *testing.T) {
	m := runner.NewMemory(2, nil)
	m.Apply([]engine.Fact{learn("a", `1`, time.Hour), learn("b", `2`, time.Hour)})
	wantValue(t, m, "a", "1")
	m.Apply([]engine.Fact{learn("c", `3`, time.Hour)})
	wantValue(t, m, "b", "")
	wantValue(t, m, "a", "1")
	wantValue(t, m, "c", "3")
}

func TestMemoryDoesNotChangeWhatWasRecalled(t *testing.T) {
	m := runner.NewMemory(0, nil)
	given := json.RawMessage(`[1]`)
	m.Apply([]engine.Fact{{Op: engine.Learn, Key: "a", Value: given, For: time.Hour}})
	given[1] = '9'
	before, _ := m.Recall("a")
	m.Apply([]engine.Fact{{Op: engine.Extend, Key: "a", Value: json.RawMessage(`2`)}})
	if string(before) != `[1]` {
		t.Errorf("the recalled value became %s", before)
	}
	wantValue(t, m, "a", `[1,2]`)
}
