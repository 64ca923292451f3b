package zendesksim

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A fieldKind is what differs between the custom fields of users and of organizations.
type fieldKind struct {
	root       string // the name of one field in bodies
	plural     string // the name of a list, and of the endpoint
	dateLayout string // how the value of a date field reads
}

func userFieldKind() fieldKind {
	return fieldKind{"user_field", "user_fields", "2006-01-02T00:00:00Z"}
}

func organizationFieldKind() fieldKind {
	return fieldKind{"organization_field", "organization_fields", "2006-01-02T00:00:00+00:00"}
}

// A fieldSet holds the custom fields of one kind of record.
type fieldSet struct {
	kind    fieldKind
	fields  *table[Field]
	byKey   map[string]int64 // field ids by folded key
	retired map[string]bool  // folded keys of deleted fields
}

func newFieldSet(kind fieldKind) *fieldSet {
	return &fieldSet{kind: kind, fields: newTable[Field](), byKey: map[string]int64{}, retired: map[string]bool{}}
}

// lookup returns the field of a key, and nil where there is none.
// Zendesk does not document the case of keys; the simulator knows a key in its own case only.
func (fs *fieldSet) lookup(key string) *Field {
	field := fs.fields.get(fs.byKey[fold(key)])
	if field == nil || field.Key != key {
		return nil
	}
	return field
}

func (fs *fieldSet) insert(field *Field) {
	fs.fields.insert(field.ID, field)
	fs.byKey[fold(field.Key)] = field.ID
}

func (fs *fieldSet) delete(field *Field) {
	fs.fields.delete(field.ID)
	delete(fs.byKey, fold(field.Key))
	fs.retired[fold(field.Key)] = true
}

// fieldEndpoints are the endpoints of one set of fields:
// https://developer.zendesk.com/api-reference/ticketing/users/user_fields/ and
// https://developer.zendesk.com/api-reference/ticketing/organizations/organization_fields/
type fieldEndpoints struct {
	server *Server
	set    *fieldSet
}

func (e fieldEndpoints) routes() []route {
	name := e.set.kind.plural
	return []route{
		get(name, name+"/index", e.list),
		post(name, name+"/create", e.create).forAdmins(),
		get(name+"/{id}", name+"/show", e.show),
		put(name+"/{id}", name+"/update", e.update).forAdmins(),
		remove(name+"/{id}", name+"/destroy", e.delete).forAdmins(),
	}
}

func (e fieldEndpoints) list(c *call) (reply, error) {
	return listing[Field]{
		name:    e.set.kind.plural,
		records: slices.Collect(e.set.fields.all()),
		id:      func(field *Field) string { return strconv.FormatInt(field.ID, 10) },
		show:    func(field *Field) any { return e.shown(c, field) },
	}.page(c)
}

func (e fieldEndpoints) show(c *call) (reply, error) {
	field, err := e.find(c)
	if err != nil {
		return reply{}, err
	}
	return e.reply(c, field), nil
}

func (e fieldEndpoints) create(c *call) (reply, error) {
	in, err := e.read(c)
	if err != nil {
		return reply{}, err
	}
	field := &Field{Type: fieldText, Position: 9999}
	in.describe(field)
	if in.kind.present() {
		field.Type = in.kind.value
	}
	field.Key = in.key.value
	if err := e.set.check(field, e.server.opts.ReuseDeletedKeys); err != nil {
		return reply{}, err
	}
	st := e.server.store
	field.ID = st.ids.assign()
	field.CreatedAt = st.now()
	e.finish(field)
	e.set.insert(field)
	answer := e.reply(c, field)
	answer.status = http.StatusCreated
	answer.location = c.link("%s/%d.json", e.set.kind.plural, field.ID)
	return answer, nil
}

// update changes what may be changed: type and key are fixed once a field exists.
func (e fieldEndpoints) update(c *call) (reply, error) {
	in, err := e.read(c)
	if err != nil {
		return reply{}, err
	}
	field, err := e.find(c)
	if err != nil {
		return reply{}, err
	}
	changed := *field
	in.describe(&changed)
	if err := e.set.check(&changed, true); err != nil {
		return reply{}, err
	}
	e.finish(&changed)
	*field = changed
	return e.reply(c, field), nil
}

// delete removes a field and the values of it.
func (e fieldEndpoints) delete(c *call) (reply, error) {
	field, err := e.find(c)
	if err != nil {
		return reply{}, err
	}
	e.set.delete(field)
	e.server.store.forgetValues(e.set, field.Key)
	return noContent(), nil
}

// forgetValues removes the values of a deleted field from the records that have them.
func (st *store) forgetValues(set *fieldSet, key string) {
	if set == st.userFields {
		for user := range st.users.all() {
			delete(user.UserFields, key)
		}
		return
	}
	for organization := range st.organizations.all() {
		delete(organization.OrganizationFields, key)
	}
}

// find returns the field that the path names by id or by key.
func (e fieldEndpoints) find(c *call) (*Field, error) {
	name := c.path["id"]
	field := e.set.lookup(name)
	if id, err := strconv.ParseInt(name, 10, 64); err == nil { // No key consists of digits only.
		field = e.set.fields.get(id)
	}
	if field == nil {
		return nil, recordNotFound()
	}
	return field, nil
}

func (e fieldEndpoints) reply(c *call, field *Field) reply {
	return ok(map[string]any{e.set.kind.root: e.shown(c, field)})
}

func (e fieldEndpoints) shown(c *call, field *Field) Field {
	shown := *field
	shown.URL = c.link("%s/%d.json", e.set.kind.plural, field.ID)
	return shown
}

// finish stamps a changed field and gives its new options their ids.
func (e fieldEndpoints) finish(field *Field) {
	field.UpdatedAt = e.server.store.now()
	e.server.store.numberOptions(field)
}

func (st *store) numberOptions(field *Field) {
	for i := range field.Options {
		if field.Options[i].ID == 0 {
			field.Options[i].ID = st.ids.assign()
		}
	}
}

// A fieldInput is what a request says about a field.
type fieldInput struct {
	key, kind, title, description, pattern, tag sent[string]
	active                                      sent[bool]
	position                                    sent[int64]
	options                                     []FieldOption
}

func (e fieldEndpoints) read(c *call) (fieldInput, error) {
	a, err := c.attributes(e.set.kind.root)
	if err != nil {
		return fieldInput{}, err
	}
	in := fieldInput{
		key:         a.text("key"),
		kind:        a.text("type"),
		title:       a.text("title"),
		description: a.text("description"),
		pattern:     a.text("regexp_for_validation"),
		tag:         a.text("tag"),
		active:      a.boolean("active"),
		position:    a.integer("position"),
	}
	for _, option := range a.objects("custom_field_options") {
		in.options = append(in.options, FieldOption{
			ID:    option.integer("id").value,
			Name:  option.text("name").value,
			Value: option.text("value").value,
		})
	}
	return in, a.err
}

// describe writes the attributes that may change at any time. A list of options replaces the options there are;
// those that come back by value keep their ids.
func (in fieldInput) describe(field *Field) {
	set(&field.Title, in.title)
	set(&field.Description, in.description)
	setText(&field.RegexpForValidation, in.pattern)
	setText(&field.Tag, in.tag)
	set(&field.Position, in.position)
	if in.active.given {
		field.Inactive = !in.active.value
	}
	if in.options == nil {
		return
	}
	known := field.Options
	field.Options = nil
	for _, option := range in.options {
		option.ID = 0
		if at := slices.IndexFunc(known, func(k FieldOption) bool { return k.Value == option.Value }); at >= 0 {
			option.ID = known[at].ID
		}
		field.Options = append(field.Options, option)
	}
}

// set writes an attribute that the client sent with a value.
func set[T any](attribute *T, in sent[T]) {
	if in.present() {
		*attribute = in.value
	}
}

// setText writes an attribute that null and the empty string clear.
func setText(attribute *Text, in sent[string]) {
	if in.given {
		*attribute = Text(in.value)
	}
}

// setRef writes a reference that null clears.
func setRef(attribute *Ref, in sent[int64]) {
	if in.given {
		*attribute = Ref(in.value)
	}
}

// The types of custom fields.
const (
	fieldText        = "text"
	fieldTextArea    = "textarea"
	fieldCheckbox    = "checkbox"
	fieldDate        = "date"
	fieldInteger     = "integer"
	fieldDecimal     = "decimal"
	fieldRegexp      = "regexp"
	fieldDropdown    = "dropdown"
	fieldLookup      = "lookup"
	fieldMultiselect = "multiselect"
)

func isFieldType(name string) bool {
	switch name {
	case fieldText, fieldTextArea, fieldCheckbox, fieldDate, fieldInteger, fieldDecimal,
		fieldRegexp, fieldDropdown, fieldLookup, fieldMultiselect:
		return true
	}
	return false
}

// check finds what is wrong with a new or changed field.
func (fs *fieldSet) check(field *Field, reuseDeleted bool) error {
	found := problems{}
	fs.checkKey(field, reuseDeleted, found)
	if strings.TrimSpace(field.Title) == "" {
		found.add("title", blankValue, "Title: cannot be blank")
	}
	if !isFieldType(field.Type) {
		found.add("type", invalidValue, "Type: "+field.Type+" is not a type of field")
	}
	checkFieldPattern(field, found)
	checkFieldOptions(field, found)
	return found.refusal()
}

// checkKey finds what is wrong with a key. Zendesk no longer documents whether the key of a deleted field
// may be reused, and it does not document keys that differ in case only; the simulator refuses both.
func (fs *fieldSet) checkKey(field *Field, reuseDeleted bool, found problems) {
	holder, taken := fs.byKey[fold(field.Key)]
	retired := fs.retired[fold(field.Key)] && !reuseDeleted
	switch {
	case field.Key == "":
		found.add("key", blankValue, "Key: cannot be blank")
	case !isFieldKey(field.Key):
		found.add("key", invalidValue, "Key: "+field.Key+" may only contain letters, digits and underscores, and not digits only")
	case taken && holder != field.ID, retired:
		found.add("key", duplicateValue, "Key: "+field.Key+" has already been taken")
	}
}

func isFieldKey(key string) bool {
	digits := 0
	for _, r := range key {
		switch {
		case '0' <= r && r <= '9':
			digits++
		case r == '_', 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z':
		default:
			return false
		}
	}
	return digits < len(key)
}

func checkFieldPattern(field *Field, found problems) {
	if field.Type != fieldRegexp {
		return
	}
	if field.RegexpForValidation == "" {
		found.add("regexp_for_validation", blankValue, "Regexp for validation: cannot be blank")
	} else if _, err := regexp.Compile(string(field.RegexpForValidation)); err != nil {
		found.add("regexp_for_validation", invalidValue, "Regexp for validation: is invalid")
	}
}

func checkFieldOptions(field *Field, found problems) {
	if field.Type != fieldDropdown && field.Type != fieldMultiselect {
		return
	}
	if len(field.Options) == 0 {
		found.add("custom_field_options", blankValue, "Custom field options: cannot be blank")
	}
	seen := map[string]bool{}
	for _, option := range field.Options {
		switch {
		case option.Name == "" || option.Value == "":
			found.add("custom_field_options", blankValue, "Custom field options: name and value cannot be blank")
		case seen[option.Value]:
			found.add("custom_field_options", duplicateValue, "Custom field options: "+option.Value+" has already been taken")
		}
		seen[option.Value] = true
	}
}

// fieldDay parses the value of a date field.
func fieldDay(text string) (time.Time, bool) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day, true
	}
	return parseTime(text)
}
