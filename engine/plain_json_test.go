package engine

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// This is JSON as plainly as can be: decoded by encoding/json, objects in their
// order, numbers by their digits. Nil is nothing at all, and no null.

type plainNull struct{}

type plainObject []plainPart

type plainPart struct {
	key   string
	name  string // the key that the member had in the event
	value any
}

// plainDecode decodes a valid text.
func plainDecode(text string) any {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	return plainNext(decoder)
}

func plainNext(decoder *json.Decoder) any {
	switch token := plainToken(decoder).(type) {
	case nil:
		return plainNull{}
	case json.Delim:
		if token == '[' {
			return plainElementsOf(decoder)
		}
		return plainPartsOf(decoder)
	default:
		return token
	}
}

func plainElementsOf(decoder *json.Decoder) any {
	all := []any{}
	for decoder.More() {
		all = append(all, plainNext(decoder))
	}
	plainToken(decoder)
	return all
}

func plainPartsOf(decoder *json.Decoder) any {
	all := plainObject{}
	for decoder.More() {
		key := plainToken(decoder).(string)
		all = append(all, plainPart{key, key, plainNext(decoder)})
	}
	plainToken(decoder)
	return all
}

func plainToken(decoder *json.Decoder) json.Token {
	token, err := decoder.Token()
	if err != nil {
		panic(err)
	}
	return token
}

// plainOf decodes a value of the product, with the names that keys had before.
func plainOf(v value) any {
	switch v.kind() {
	case 'x':
		return nil
	case '{':
		all := plainObject{}
		v.members(func(key string, member value) { all = append(all, plainPart{key, member.name(key), plainOf(member)}) })
		return all
	case '[':
		all := []any{}
		for _, element := range v.elements() {
			all = append(all, plainOf(element))
		}
		return all
	default:
		return plainDecode(v.raw)
	}
}

// plainWritten gives a value to the evaluation of expressions, which asks for
// the former names of keys.
func plainWritten(v any) value {
	if v == nil {
		return value{}
	}
	w := &plainWriter{}
	w.write(v)
	return value{raw: w.String(), doc: &document{text: w.String(), renamed: w.renamed}}
}

type plainWriter struct {
	bytes.Buffer
	renamed []renamedKey
}

func (w *plainWriter) write(v any) {
	switch v := v.(type) {
	case plainNull:
		w.WriteString("null")
	case []any:
		w.WriteByte('[')
		for i, element := range v {
			w.comma(i)
			w.write(element)
		}
		w.WriteByte(']')
	case plainObject:
		w.WriteByte('{')
		for i, part := range v {
			w.comma(i)
			w.part(part)
		}
		w.WriteByte('}')
	case json.Number:
		w.WriteString(string(v))
	default:
		w.scalar(v)
	}
}

func (w *plainWriter) comma(i int) {
	if i > 0 {
		w.WriteByte(',')
	}
}

func (w *plainWriter) part(p plainPart) {
	if p.name != p.key {
		w.renamed = append(w.renamed, renamedKey{w.Len() + 1, p.name})
	}
	w.scalar(p.key)
	w.WriteByte(':')
	w.write(p.value)
}

func (w *plainWriter) scalar(v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	w.Write(text)
}

// plainGet follows the segments of a path.
func plainGet(v any, path []segment) any {
	if len(path) == 0 {
		return v
	}
	seg, below := path[0], path[1:]
	switch v := v.(type) {
	case plainObject:
		if seg.modifier {
			return plainGet(plainParts(v, seg.key), below)
		}
		for _, part := range v {
			if part.key == seg.key && !seg.each && seg.only != '[' {
				return plainGet(part.value, below)
			}
		}
	case []any:
		switch {
		case seg.each:
			return plainEach(v, below)
		case seg.modifier && seg.key == "@values":
			return plainGet(v, below)
		}
		for i, element := range v {
			if strconv.Itoa(i) == seg.key && seg.only != '{' {
				return plainGet(element, below)
			}
		}
	}
	return nil
}

func plainParts(of plainObject, which string) any {
	all := []any{}
	for _, part := range of {
		if which == "@keys" {
			all = append(all, part.key)
		} else {
			all = append(all, part.value)
		}
	}
	return all
}

func plainEach(of []any, path []segment) any {
	if len(path) == 0 {
		return json.Number(strconv.Itoa(len(of)))
	}
	all := []any{}
	for _, element := range of {
		if found := plainGet(element, path); found != nil {
			all = append(all, found)
		}
	}
	return all
}
