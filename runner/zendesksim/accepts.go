package zendesksim

// Accepts reports whether the field takes a JSON value, as a write of a user or an organization would have it.
func (f Field) Accepts(raw []byte) bool {
	var value any
	if err := decodeJSON(raw, &value); err != nil {
		return false
	}
	_, valid := newFieldSet(userFieldKind()).parseValue(&f, value)
	return valid
}
