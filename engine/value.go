package engine

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// A value is a JSON value as it was written, which is how it is passed on:
// nothing is decoded that only travels. The zero value means missing, which is
// not the same as null or empty.
type value struct {
	raw string
	// doc is the document that the value is a part of, and at its place there;
	// nil for a value without an index.
	doc *document
	at  int32
}

func rawValue(raw string) value { return value{raw: raw} }

func textValue(s string) value { return value{raw: quote(s)} }

func (v value) missing() bool { return v.raw == "" }

// null reports whether the value is missing or null: what expressions see as
// nil.
func (v value) null() bool { return v.raw == "" || v.raw == "null" }

// get reads a path below the value.
func (v value) get(p *path) value {
	switch {
	case len(p.segments) == 0:
		return v
	case v.doc == nil || !p.keysOnly:
		return rawValue(p.get(v.raw))
	}
	if at, there := v.doc.below(v.at, p.segments); there {
		return v.doc.value(at)
	}
	return value{}
}

// member gives a member of an object; missing for anything else.
func (v value) member(key string) value {
	if v.kind() != '{' {
		return value{}
	}
	v = v.indexed()
	if at, there := v.doc.member(v.at, key); there {
		return v.doc.value(at)
	}
	return value{}
}

// ownValue gives a value of a text that the engine made, which is indexed once
// somebody looks into it.
func ownValue(raw string) value { return value{raw: raw, doc: &document{text: raw}} }

// indexed gives the same value as a part of a document.
func (v value) indexed() value {
	if v.doc == nil {
		v.doc = &document{text: v.raw}
	}
	v.doc.index()
	return v
}

// name gives the key that a member had in the event, whatever it was rewritten
// to.
func (v value) name(key string) string {
	if v.doc == nil {
		return key
	}
	return v.doc.originalName(v.at, key)
}

// kind is the first byte that tells JSON types apart: { [ " t f n, or 0 for a
// number, and 'x' for missing.
func (v value) kind() byte {
	if v.raw == "" {
		return 'x'
	}
	switch c := v.raw[0]; c {
	case '{', '[', '"', 't', 'f', 'n':
		return c
	default:
		return '0'
	}
}

func (v value) scalar() bool {
	switch v.kind() {
	case '"', 't', 'f', '0':
		return true
	default:
		return false
	}
}

// kindText names the type for messages.
func (v value) kindText() string {
	switch v.kind() {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "text"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	case 'x':
		return "missing"
	default:
		return "a number"
	}
}

// A keep says which values count as present although they are empty.
type keep struct {
	null, empty bool
}

// present reports whether there is something to send.
func (v value) present(k keep) bool {
	switch v.kind() {
	case 'x':
		return false
	case 'n':
		return k.null
	case '"':
		return k.empty || v.raw != `""`
	case '{', '[':
		if first := v.raw[1]; first > ' ' {
			return k.empty || first != '}' && first != ']'
		}
		return k.empty || strings.TrimLeft(v.raw[1:len(v.raw)-1], " \t\r\n") != ""
	default:
		return true
	}
}

// text gives a scalar as text: a string decoded, a number by its digits; the
// empty text for everything else.
func (v value) text() string {
	switch v.kind() {
	case '"':
		return unquote(v.raw)
	case 't', 'f', '0':
		return v.raw
	default:
		return ""
	}
}

// unquote decodes a valid JSON string.
func unquote(raw string) string {
	if strings.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	return gjson.Parse(raw).String()
}

// elements gives the elements of an array; none for anything else.
func (v value) elements() []value {
	if v.kind() != '[' || v.raw == "[]" {
		return nil
	}
	var all []value
	v = v.indexed()
	for i := v.at + 1; i < v.doc.places[v.at].next; i = v.doc.places[i].next {
		all = append(all, v.doc.value(i))
	}
	return all
}

// members calls visit for each member of an object, in order.
func (v value) members(visit func(key string, member value)) {
	if v.kind() != '{' {
		return
	}
	v = v.indexed()
	for i := v.at + 1; i < v.doc.places[v.at].next; i = v.doc.places[i].next {
		visit(v.doc.places[i].name(v.doc.text), v.doc.value(i))
	}
}

// arrayOf writes values as a JSON array.
func arrayOf(all []value) value {
	if len(all) == 0 {
		return rawValue("[]")
	}
	parts := make([]string, len(all))
	for i, v := range all {
		parts[i] = v.raw
	}
	return ownValue("[" + strings.Join(parts, ",") + "]")
}

// A conversion is what `as` does to a value. It reports whether the value fits.
type conversion struct {
	name    string
	wants   string // for messages
	convert func(*workspace, value) (value, bool)
}

// conversions lists what `as` knows.
func conversions() []conversion {
	return []conversion{
		{"string", "text or a number", asString},
		{"integer", "a whole number", asInteger},
		{"number", "a number", asNumber},
		{"boolean", "true or false", asBoolean},
		{"array", "an array or a single value", asArray},
		{"object", "an object", asObject},
		{"time", "a time such as 2026-01-31T12:00:00Z", asTime},
	}
}

func asString(w *workspace, v value) (value, bool) {
	switch v.kind() {
	case '"':
		return v, true
	case '0':
		return w.join(`"`, v.raw, `"`), true
	default:
		return v, false
	}
}

func asInteger(_ *workspace, v value) (value, bool) {
	digits := v.text()
	if v.kind() != '"' && v.kind() != '0' {
		return v, false
	}
	bare := strings.TrimPrefix(digits, "-")
	if bare == "" || strings.Trim(bare, "0123456789") != "" || bare[0] == '0' && len(bare) > 1 {
		return v, false
	}
	return rawValue(digits), true
}

func asNumber(_ *workspace, v value) (value, bool) {
	if v.kind() == '0' {
		return v, true
	}
	if v.kind() == '"' && jsonNumber.MatchString(v.text()) {
		return rawValue(v.text()), true
	}
	return v, false
}

func asBoolean(_ *workspace, v value) (value, bool) {
	if text := v.text(); text == "true" || text == "false" {
		return rawValue(text), true
	}
	return v, false
}

func asArray(w *workspace, v value) (value, bool) {
	switch {
	case v.kind() == '[':
		return v, true
	case v.scalar():
		return w.join("[", v.raw, "]"), true
	default:
		return v, false
	}
}

func asObject(_ *workspace, v value) (value, bool) { return v, v.kind() == '{' }

func asTime(_ *workspace, v value) (value, bool) {
	if v.kind() != '"' {
		return v, false
	}
	_, fits := parseTime(v.text())
	return v, fits
}

// parseTime reads RFC 3339. The standard library alone takes hours of one digit
// and fractions behind a comma, too.
func parseTime(s string) (time.Time, bool) {
	const form = "0000-00-00T00:00:00"
	if len(s) <= len(form) || strings.ContainsRune(s, ',') {
		return time.Time{}, false
	}
	for i := range len(form) {
		if isDigit(s[i]) != (form[i] == '0') {
			return time.Time{}, false
		}
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// decode gives a value as expressions see it: nil, bool, string, int64, a
// decimal, []any or map[string]any. The value is valid JSON of bounded depth.
func (v value) decode() any {
	switch v.kind() {
	case 'x', 'n':
		return nil
	case 't':
		return true
	case 'f':
		return false
	case '"':
		return unquote(v.raw)
	case '0':
		return decodeNumber(v.raw)
	}
	decoder := json.NewDecoder(strings.NewReader(v.raw))
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		panic("engine: a value that was checked does not decode: " + err.Error())
	}
	return exactNumbers(decoded)
}

// exactNumbers replaces json.Number, which expr would compare as text.
func exactNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		return decodeNumber(string(v))
	case []any:
		for i := range v {
			v[i] = exactNumbers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = exactNumbers(v[key])
		}
	}
	return v
}

func decodeNumber(raw string) any {
	if n, err := strconv.ParseInt(raw, 10, 64); err == nil && raw != "-0" {
		return n
	}
	return decimal(raw)
}
