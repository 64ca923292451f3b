package zendesksim

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// attributes read the members of a JSON object by their types, as
// https://github.com/zendesk/stronger_parameters defines them: a string is a JSON string only, an integer may be
// a string of digits, and a boolean may be written "true", "false", 1 or 0. Members that nobody reads are ignored,
// as Zendesk ignores unknown attributes.
//
// The first wrong type is kept in refusals, so that a whole object is read without a check after each member.
// Zendesk does not document which attributes take null; the simulator takes it for everything but ids and arrays.
type attributes struct {
	path   string // of the object, such as "user" or "user.organization"; empty for the body itself
	values map[string]any
	*refusals
}

// refusals keep the first refusal of a request and know in which envelope it is sent.
type refusals struct {
	refuse func(path, problem string) error
	err    error
}

func (r *refusals) add(path, problem string) {
	if r.err == nil {
		r.err = r.refuse(path, problem)
	}
}

// sent is the value of an attribute that a client may have left out or set to null.
type sent[T any] struct {
	given bool // the attribute is there, be it null
	null  bool
	value T
}

// present reports whether there is a value.
func (s sent[T]) present() bool {
	return s.given && !s.null
}

// rootAttributes returns the object that is the member root of a body.
func rootAttributes(body map[string]any, root string, reader *refusals) (*attributes, error) {
	value, found := body[root]
	object, isObject := value.(map[string]any)
	switch {
	case !found || value == nil:
		reader.add(root, "must be present")
	case !isObject:
		reader.add(root, "must be a hash")
	}
	return &attributes{path: root, values: object, refusals: reader}, reader.err
}

func (a *attributes) member(name string) string {
	return strings.TrimPrefix(a.path+"."+name, ".")
}

func (a *attributes) text(name string) sent[string] {
	value, given := a.values[name]
	if value == nil {
		return sent[string]{given: given, null: given}
	}
	text, isText := value.(string)
	if !isText {
		a.add(a.member(name), "must be a string")
	}
	return sent[string]{given: true, value: text}
}

func (a *attributes) integer(name string) sent[int64] {
	value, given := a.values[name]
	if value == nil {
		if given && name == "id" {
			a.add(a.member(name), "must be an integer")
		}
		return sent[int64]{given: given, null: given}
	}
	number, isInteger := integerOf(value)
	if !isInteger {
		a.add(a.member(name), "must be an integer")
	}
	return sent[int64]{given: true, value: number}
}

func integerOf(value any) (int64, bool) {
	var digits string
	switch value := value.(type) {
	case json.Number:
		digits = value.String()
	case string:
		digits = value
	}
	number, err := strconv.ParseInt(digits, 10, 64)
	return number, err == nil && !strings.HasPrefix(digits, "+")
}

// boolean returns a boolean attribute; null counts as left out.
func (a *attributes) boolean(name string) sent[bool] {
	value := a.values[name]
	if value == nil {
		return sent[bool]{}
	}
	truth, isBoolean := booleanOf(value)
	if !isBoolean {
		a.add(a.member(name), "must be a boolean")
	}
	return sent[bool]{given: true, value: truth}
}

func booleanOf(value any) (truth, isBoolean bool) {
	switch value {
	case true, "true", json.Number("1"):
		return true, true
	case false, "false", json.Number("0"):
		return false, true
	}
	return false, false
}

// texts returns an array of strings.
func (a *attributes) texts(name string) sent[[]string] {
	elements, given := a.array(name)
	if !given {
		return sent[[]string]{}
	}
	list := make([]string, 0, len(elements))
	for i, element := range elements {
		text, isText := element.(string)
		if !isText {
			a.add(a.member(name)+"."+strconv.Itoa(i), "must be a string")
		}
		list = append(list, text)
	}
	return sent[[]string]{given: true, value: list}
}

// objects returns an array of objects.
func (a *attributes) objects(name string) []*attributes {
	elements, _ := a.array(name)
	var list []*attributes
	for i, element := range elements {
		path := a.member(name) + "." + strconv.Itoa(i)
		object, isObject := element.(map[string]any)
		if !isObject {
			a.add(path, "must be a hash")
		}
		list = append(list, &attributes{path: path, values: object, refusals: a.refusals})
	}
	return list
}

func (a *attributes) array(name string) (elements []any, given bool) {
	value, given := a.values[name]
	elements, isArray := value.([]any)
	if given && !isArray {
		a.add(a.member(name), "must be an array")
	}
	return elements, given
}

// object returns a member that is an object, and nil where it is left out or null.
func (a *attributes) object(name string) *attributes {
	value := a.values[name]
	if value == nil {
		return nil
	}
	object, isObject := value.(map[string]any)
	if !isObject {
		a.add(a.member(name), "must be a hash")
	}
	return &attributes{path: a.member(name), values: object, refusals: a.refusals}
}

// members returns the members of an object whose names are data, such as the values of custom fields.
func (a *attributes) members(name string) map[string]any {
	object := a.object(name)
	if object == nil {
		return nil
	}
	return object.values
}

// unique returns a list without its repetitions, in its order.
func unique(list []string) []string {
	kept := make([]string, 0, len(list))
	for _, text := range list {
		if !slices.Contains(kept, text) {
			kept = append(kept, text)
		}
	}
	return kept
}
