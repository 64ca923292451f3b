package zendesksim

import (
	"encoding/json"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
)

// fieldValues are values of custom fields by key, in the form in which they are stored.
// A nil value clears the field.
type fieldValues map[string]any

// parse checks values that a client sent and brings them into the form in which they are stored.
// Unknown keys are left out: Zendesk ignores attributes that do not exist, and does not document another rule here.
//
// Zendesk does not document how it refuses a value either; the simulator does it as for the fields of tickets.
func (fs *fieldSet) parse(values map[string]any, found problems) fieldValues {
	parsed := fieldValues{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		field := fs.lookup(key)
		if field == nil {
			continue
		}
		value, valid := fs.parseValue(field, values[key])
		if !valid {
			found["base"] = append(found["base"], problem{
				Description: field.Title + ": is invalid", Error: invalidValue, FieldKey: field.ID,
			})
			continue
		}
		parsed[key] = value
	}
	return parsed
}

// parseValue returns the stored form of a value, and nil for what clears a field.
func (fs *fieldSet) parseValue(field *Field, value any) (stored any, valid bool) {
	if value == nil || value == "" {
		return nil, true
	}
	switch field.Type {
	case fieldMultiselect:
		return parseChoices(field, value)
	case fieldCheckbox:
		return booleanOf(value)
	}
	text, isScalar := scalarText(value)
	if !isScalar {
		return nil, false
	}
	switch field.Type {
	case fieldInteger, fieldLookup:
		return parseInteger(text)
	case fieldDecimal:
		return parseDecimal(text)
	case fieldDate:
		day, valid := fieldDay(text)
		return day.Format(fs.kind.dateLayout), valid
	case fieldRegexp:
		matched, err := regexp.MatchString(string(field.RegexpForValidation), text)
		return text, matched && err == nil
	case fieldDropdown:
		return text, field.offers(text)
	default:
		return text, true
	}
}

// scalarText returns a string, a number or a boolean as text. Numbers keep the digits that were sent.
func scalarText(value any) (text string, isScalar bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case json.Number:
		return value.String(), true
	case bool:
		return strconv.FormatBool(value), true
	}
	return "", false
}

func parseInteger(text string) (any, bool) {
	number, valid := new(big.Int).SetString(text, 10)
	if !valid || text[0] == '+' {
		return nil, false
	}
	return json.Number(number.String()), true
}

// parseDecimal keeps the text of a decimal number exactly.
func parseDecimal(text string) (any, bool) {
	var value any
	if err := decodeJSON([]byte(text), &value); err != nil {
		return nil, false
	}
	number, isNumber := value.(json.Number)
	return number, isNumber
}

func parseChoices(field *Field, value any) (any, bool) {
	elements, isArray := value.([]any)
	choices := make([]string, 0, len(elements))
	for _, element := range elements {
		choice, isText := element.(string)
		if !isText || !field.offers(choice) {
			return nil, false
		}
		choices = append(choices, choice)
	}
	if len(choices) == 0 {
		return nil, isArray
	}
	return unique(choices), true
}

func (f *Field) offers(value string) bool {
	return slices.ContainsFunc(f.Options, func(option FieldOption) bool { return option.Value == value })
}

// apply writes parsed values to the values of a record, and returns the record's tags as they are afterwards:
// a checked checkbox and a chosen option bring their tag along, and take it with them when they are cleared.
func (fs *fieldSet) apply(values fieldValues, stored map[string]any, tags []string) []string {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		field := fs.lookup(key)
		gone := field.tagsOf(stored[key])
		tags = slices.DeleteFunc(tags, func(tag string) bool { return slices.Contains(gone, tag) })
		tags = append(tags, field.tagsOf(values[key])...)
		if values[key] == nil {
			delete(stored, key)
		} else {
			stored[key] = values[key]
		}
	}
	return unique(tags)
}

// tagsOf returns the tags that a value of the field brings along.
func (f *Field) tagsOf(value any) []string {
	switch value := value.(type) {
	case bool:
		if value && f.Tag != "" {
			return []string{string(f.Tag)}
		}
	case string:
		if f.Type == fieldDropdown {
			return []string{value}
		}
	case []string:
		return value
	}
	return nil
}

// shown returns the values of a record with a null for each field that has none.
func (fs *fieldSet) shown(stored map[string]any) map[string]any {
	values := make(map[string]any, len(fs.fields.ids))
	for field := range fs.fields.all() {
		values[field.Key] = stored[field.Key]
	}
	return values
}
