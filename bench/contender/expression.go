package contender

import (
	"encoding/json"

	"github.com/expr-lang/expr"
)

// identifyExpr makes the whole body in one expression. What the language lacks,
// such as leaving a member out, is a function.
const identifyExpr = `
let traits = len(event.traits ?? {}) > 0 ? event.traits : event.context.traits;
let id = text(traits.userId) ?? text(traits.id) ?? text(event.userId);
{"user": present({
	"name": text(traits.name),
	"email": text(traits.email),
	"organization_id": traits.organizationId,
	"time_zone": zones[traits.timezone ?? ""],
	"phone": text(traits.phone),
	"user_id": event.userId,
	"external_id": id,
	"user_fields": object(concat([["id", id]], map(
		filter(toPairs(traits), not (#[0] in taken) && scalar(#[1])),
		[spelled(#[0]), #[1]]))),
})}`

// newExpression is expr-lang with encoding/json around it.
func newExpression(w *world) (Maker, error) {
	taken := []string{"name", "email", "organizationId", "timezone", "phone", "userId", "id"}
	zones := object{}
	for name, zone := range w.zones {
		zones[name] = zone
	}
	program, err := expr.Compile(identifyExpr, expr.AllowUndefinedVariables(),
		expr.Function("text", func(args ...any) (any, error) { return orNil(textOf(args[0])), nil }),
		expr.Function("scalar", func(args ...any) (any, error) { return isScalar(args[0]), nil }, new(func(any) bool)),
		expr.Function("spelled", func(args ...any) (any, error) { as, _ := w.userFields.of(args[0].(string)); return as, nil }),
		expr.Function("object", func(args ...any) (any, error) { return fromPairs(args[0].([]any)), nil }),
		expr.Function("present", func(args ...any) (any, error) { return present(args[0].(object)), nil }))
	return func(event []byte) ([]byte, error) {
		var decoded object
		if err := readJSON(event, &decoded); err != nil {
			return nil, err
		}
		body, err := expr.Run(program, object{"event": decoded, "zones": zones, "taken": taken})
		if err != nil {
			return nil, err
		}
		return json.Marshal(body)
	}, err
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func isScalar(v any) bool {
	switch v.(type) {
	case string, json.Number, bool:
		return true
	}
	return false
}

// fromPairs is expr-lang's, but for the type of map, which encoding/json does not
// take.
func fromPairs(pairs []any) object {
	o := object{}
	for _, p := range pairs {
		pair := p.([]any)
		o[pair[0].(string)] = pair[1]
	}
	return o
}

// present leaves out what is not there.
func present(o object) object {
	for key, v := range o {
		if v == nil {
			delete(o, key)
		}
	}
	return o
}
