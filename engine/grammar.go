package engine

import (
	"reflect"

	"gopkg.in/yaml.v3"
)

// A Form says what a value of a rule file may look like, as far as one can tell
// without the rest of the rules. Exactly one of its fields counts.
type Form struct {
	// Scalar is what a single value is.
	Scalar Scalar
	// Words are all that a text may be.
	Words []string
	// Items is the form of each element of a list, Values that of each value
	// behind a name that the author chooses.
	Items, Values *Form
	// Keys is a mapping with keys of the language.
	Keys *Construct
	// Any are the forms of which one is enough.
	Any []Form
}

// A Scalar is a kind of single value. Its zero value is none.
type Scalar int

const (
	// Text is a text, for YAML too.
	Text Scalar = iota + 1
	// Boolean is true or false.
	Boolean
	// Plain is a single value of any kind, such as a status or a number.
	Plain
	// Literal is anything that can be written.
	Literal
)

// A Construct is a mapping whose keys are those of the language.
type Construct struct {
	// Name is what docs/rules.md marks the table of the keys with.
	Name string
	// What names the construct in messages, such as "a step".
	What string
	Keys []Key
	// Variants are the keys of which it has exactly one, with the other keys
	// that go with each. Nil where all keys go together.
	Variants map[string][]string
}

// A Key is one key of a construct.
type Key struct {
	Name     string
	Required bool
	Form     Form
}

// RuleForm is the form of a rule file, by the tables that it is read with.
func RuleForm() Form { return ruleKeys().form() }

// DestinationForm is the form of destination.yaml.
func DestinationForm() Form { return destinationKeys().form() }

// TableForm is the form of the file of a table.
func TableForm() Form { return namedForm(textForm)() }

func (k keys[T]) form() Form {
	c := &Construct{Name: reflect.TypeFor[T]().Name(), What: k.what, Variants: k.variants}
	for _, f := range k.fields {
		c.Keys = append(c.Keys, Key{f.name, f.must, f.form()})
	}
	return Form{Keys: c}
}

// formOf puts off asking for keys: files are read without it.
func formOf[T any](k func() keys[T]) func() Form {
	return func() Form { return k().form() }
}

func textForm() Form    { return Form{Scalar: Text} }
func flagForm() Form    { return Form{Scalar: Boolean} }
func scalarForm() Form  { return Form{Scalar: Plain} }
func literalForm() Form { return Form{Scalar: Literal} }

func listForm(item func() Form) func() Form {
	return func() Form { form := item(); return Form{Items: &form} }
}

func namedForm(value func() Form) func() Form {
	return func() Form { form := value(); return Form{Values: &form} }
}

func anyForm(forms ...func() Form) func() Form {
	return func() Form {
		var all Form
		for _, form := range forms {
			all.Any = append(all.Any, form())
		}
		return all
	}
}

func textsForm() Form   { return anyForm(textForm, listForm(textForm))() }
func scalarsForm() Form { return anyForm(scalarForm, listForm(scalarForm))() }

// only gives a form in which every single value is one of some words.
func (f Form) only(words []string) Form {
	switch {
	case f.Items != nil:
		items := f.Items.only(words)
		return Form{Items: &items}
	case f.Any != nil:
		var all Form
		for _, form := range f.Any {
			all.Any = append(all.Any, form.only(words))
		}
		return all
	default:
		return Form{Words: words}
	}
}

// Readers for the fields of objects, so that a table of fields reads like the
// reference of the language.

func readText[T any](at func(*T) *text) valueReader[T] {
	return valueReader[T]{form: textForm, read: func(p *parser, n *yaml.Node, into *T) { *at(into) = p.text(n) }}
}

func readScalar[T any](at func(*T) *text) valueReader[T] {
	return valueReader[T]{form: scalarForm, read: func(p *parser, n *yaml.Node, into *T) { *at(into) = p.scalar(n) }}
}

func readTexts[T any](at func(*T) *[]text) valueReader[T] {
	return valueReader[T]{form: textsForm, read: func(p *parser, n *yaml.Node, into *T) { *at(into) = p.texts(n) }}
}

func readScalars[T any](at func(*T) *[]text) valueReader[T] {
	return valueReader[T]{form: scalarsForm, read: func(p *parser, n *yaml.Node, into *T) { *at(into) = p.scalars(n) }}
}

func readFlag[T any](at func(*T) *flag) valueReader[T] {
	return valueReader[T]{form: flagForm, read: func(p *parser, n *yaml.Node, into *T) { *at(into) = p.flag(n) }}
}

func readLiteral[T any](at func(*T) *literal) valueReader[T] {
	return valueReader[T]{form: literalForm, read: func(p *parser, n *yaml.Node, into *T) { *at(into) = p.literal(n) }}
}

// readObject reads a value that a function of its own reads.
func readObject[T, I any](at func(*T) *I, object func(*parser, *yaml.Node) I, form func() Form) valueReader[T] {
	return valueReader[T]{form: form, read: func(p *parser, n *yaml.Node, into *T) { *at(into) = object(p, n) }}
}

// readList reads a list of which every item is read by one function.
func readList[T, I any](what string, at func(*T) *[]I, item func(*parser, *yaml.Node) I, form func() Form) valueReader[T] {
	return valueReader[T]{form: listForm(form), read: func(p *parser, n *yaml.Node, into *T) {
		p.list(n, what, func(n *yaml.Node) { *at(into) = append(*at(into), item(p, n)) })
	}}
}

// readNamed reads a mapping from names to values as a list in file order.
func readNamed[T, I any](what string, at func(*T) *[]I, item func(*parser, text, *yaml.Node) I, form func() Form) valueReader[T] {
	return valueReader[T]{form: namedForm(form), read: func(p *parser, n *yaml.Node, into *T) {
		p.entries(n, what, func(name text, value *yaml.Node) { *at(into) = append(*at(into), item(p, name, value)) })
	}}
}

// must marks what a mapping cannot do without.
func must[T any](r valueReader[T]) valueReader[T] {
	r.must = true
	return r
}

// words says what a text may be. It is for those who write; the compiler is
// the one that refuses anything else, since it knows what is meant.
func words[T any](r valueReader[T], words ...string) valueReader[T] {
	form := r.form
	r.form = func() Form { return form().only(words) }
	return r
}

// The words that several places know.

func settingTypes() []string { return []string{"string", "integer", "boolean"} }
func retryWaits() []string   { return []string{"backoff", "retry-after"} }
func keepWords() []string    { return []string{"null", "empty"} }
func armActions() []string {
	return []string{"accept", "skip", "warn", "confirm", "relook", "fail"}
}

func conversionNames() []string {
	var names []string
	for _, c := range conversions() {
		names = append(names, c.name)
	}
	return names
}

func failureNames() []string {
	return []string{string(Refused), string(Reset), string(Timeout), string(Unreadable)}
}
