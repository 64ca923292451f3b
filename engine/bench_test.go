package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/rules"
)

const benchEvent = `{"type":"identify","userId":"12345678","messageId":"m-1","timestamp":"2026-01-31T12:00:00Z",
"context":{"locale":"en-GB","page":{"url":"https://example.com/?a=1","title":"A \"page\""},"traits":{}},
"traits":{"name":"John Wick","email":"johnwick@example.com","country":"UK","timezone":"Europe/Berlin","phone":"+4912345",
"plan":"pro","seats":5,"customer since":2017,"score":0.5,"vip":true,"note":null,"address":{"city":"Köln"}}}`

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := engine.Load(rules.FS(), "zendesk"); err != nil {
			b.Fatal(err)
		}
	}
}

// From the bytes of an event to the body of its first write, as a ratio to one
// validation and one pass over the traits, measured in the same run.
func BenchmarkIdentify(b *testing.B) {
	config := embedded(b)
	event := []byte(benchEvent)
	var engineTime, floorTime time.Duration
	for b.Loop() {
		start := time.Now()
		execute(b, config, event)
		engineTime += time.Since(start)
		start = time.Now()
		floor(b, event)
		floorTime += time.Since(start)
	}
	b.ReportMetric(float64(engineTime)/float64(floorTime), "x-floor")
}

func embedded(b *testing.B) *engine.Config {
	b.Helper()
	program, err := engine.Load(rules.FS(), "zendesk")
	if err != nil {
		b.Fatal(err)
	}
	config, err := program.Configure(program.Examples())
	if err != nil {
		b.Fatal(err)
	}
	return config
}

// execute runs the event up to the request that writes the user; the list of
// fields comes from memory, as it does for all events but one.
func execute(b *testing.B, config *engine.Config, event []byte) {
	x := config.Start(event)
	request, _ := x.Next()
	x.Recall(request.Recall[0], []byte(`["country","plan","seats","customer_since","score","vip"]`))
	if request, _ = x.Next(); request.Path != "users/create_or_update.json" || !strings.Contains(string(request.Body), `"customer_since":2017`) {
		b.Fatalf("request is %s %s", request.Path, request.Body)
	}
}

func floor(b *testing.B, event []byte) {
	if !gjson.ValidBytes(event) {
		b.Fatal("not valid")
	}
	body := make([]byte, 0, len(event))
	gjson.GetBytes(event, "traits").ForEach(func(key, value gjson.Result) bool {
		body = append(append(append(body, key.Raw...), ':'), value.Raw...)
		return true
	})
}
