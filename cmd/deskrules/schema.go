package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskrules/deskrules/docs"
	"github.com/deskrules/deskrules/engine"
)

func newSchema(sh shell) *cobra.Command {
	return &cobra.Command{
		Use:   "schema [rule|destination|table]",
		Short: "Print a JSON Schema of rule files",
		Long: `Print a JSON Schema, with which an editor completes the keys of rule files,
explains them, and marks those that do not exist. Without an argument it is that
of a rule. It is made of the tables that the parser reads with; only check finds
everything that is wrong.

init writes the schemas and the setting of the editor.

Exit status:
  0  the schema was printed
  2  there is no such schema`,
		Example: `  deskrules schema rule
  deskrules schema destination`,
		ValidArgs: schemaNames(),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 || len(args) == 1 && !slices.Contains(schemaNames(), args[0]) {
				return usagef("the schemas are %s", strings.Join(schemaNames(), ", "))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			return printJSON(sh.out, schemaOf(append(args, "rule")[0]))
		},
	}
}

func schemaNames() []string { return []string{"rule", "destination", "table"} }

// schemaOf makes the schema of a kind of file.
func schemaOf(name string) *schema {
	forms := map[string]func() engine.Form{
		"rule": engine.RuleForm, "destination": engine.DestinationForm, "table": engine.TableForm,
	}
	w := schemaWriter{words: keyTables(docs.Rules()), defs: map[string]*schema{}, of: map[string]engine.Construct{}}
	root := w.form(forms[name]())
	root.Dialect = "https://json-schema.org/draft/2020-12/schema"
	root.Title = "Deskrules: " + name
	root.Defs = w.defs
	return root
}

// A schema is as much of JSON Schema as rule files take.
type schema struct {
	Dialect     string             `json:"$schema,omitempty"`
	Ref         string             `json:"$ref,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        any                `json:"type,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	MinLength   int                `json:"minLength,omitempty"`
	MinItems    int                `json:"minItems,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Additional  any                `json:"additionalProperties,omitempty"` // false, or a schema
	AnyOf       []*schema          `json:"anyOf,omitempty"`
	AllOf       []*schema          `json:"allOf,omitempty"`
	If          *schema            `json:"if,omitempty"`
	Then        *schema            `json:"then,omitempty"`
	Defs        map[string]*schema `json:"$defs,omitempty"`

	never bool // nothing fits
}

func (s *schema) MarshalJSON() ([]byte, error) {
	if s.never {
		return []byte("false"), nil
	}
	type plain schema
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode((*plain)(s))
	return text.Bytes(), err
}

// A schemaWriter turns forms into schemas. Constructs become definitions.
type schemaWriter struct {
	words map[string]map[string]string // of each construct, what its keys are
	defs  map[string]*schema
	of    map[string]engine.Construct // what each definition was made of
}

func (w *schemaWriter) form(f engine.Form) *schema {
	switch {
	case f.Words != nil:
		return &schema{Enum: f.Words}
	case f.Items != nil:
		return &schema{Type: "array", Items: w.form(*f.Items)}
	case f.Values != nil:
		return &schema{Type: "object", Additional: w.form(*f.Values)}
	case f.Keys != nil:
		return &schema{Ref: "#/$defs/" + w.define(*f.Keys)}
	case f.Any != nil:
		return w.anyOf(f.Any)
	default:
		return scalarSchema(f.Scalar)
	}
}

func scalarSchema(kind engine.Scalar) *schema {
	switch kind {
	case engine.Text:
		return &schema{Type: "string", MinLength: 1}
	case engine.Boolean:
		return &schema{Type: "boolean"}
	case engine.Plain:
		return &schema{Type: []string{"string", "number", "boolean", "null"}}
	default:
		return &schema{}
	}
}

func (w *schemaWriter) anyOf(forms []engine.Form) *schema {
	var all schema
	for _, form := range forms {
		made := w.form(form)
		if made.AnyOf != nil { // choices among choices are choices
			all.AnyOf = append(all.AnyOf, made.AnyOf...)
			continue
		}
		all.AnyOf = append(all.AnyOf, made)
	}
	return &all
}

// define makes a definition of a construct, and gives its name. Constructs of
// one name in messages may differ in their keys.
func (w *schemaWriter) define(c engine.Construct) string {
	name := definitionName(c.What)
	for {
		before, taken := w.of[name]
		switch {
		case !taken:
			w.of[name] = c
			w.defs[name] = w.construct(c)
			return name
		case sameKeys(before, c):
			return name
		}
		name += "_more"
	}
}

func sameKeys(a, b engine.Construct) bool {
	return slices.EqualFunc(a.Keys, b.Keys, func(a, b engine.Key) bool { return a.Name == b.Name })
}

// definitionName makes a_mapping_line of "a mapping line", without the article.
func definitionName(what string) string {
	words := strings.Fields(what)
	if words[0] == "a" || words[0] == "an" {
		words = words[1:]
	}
	return strings.Join(words, "_")
}

func (w *schemaWriter) construct(c engine.Construct) *schema {
	made := &schema{Type: "object", Properties: map[string]*schema{}, Additional: false}
	for _, key := range c.Keys {
		value := w.form(key.Form)
		if value.Type == "array" && key.Required {
			value.MinItems = 1
		}
		value.Description = w.describe(c.Name, key.Name)
		made.Properties[key.Name] = value
		if key.Required {
			made.Required = append(made.Required, key.Name)
		}
	}
	w.variants(made, c)
	return made
}

// variants says which keys do not go together.
func (w *schemaWriter) variants(made *schema, c engine.Construct) {
	for _, kind := range slices.Sorted(maps.Keys(c.Variants)) {
		has := &schema{Required: []string{kind}}
		made.AnyOf = append(made.AnyOf, has)
		made.AllOf = append(made.AllOf, &schema{If: has, Then: &schema{Properties: strangers(c, kind)}})
	}
}

// strangers are the keys that do not go with one kind.
func strangers(c engine.Construct, kind string) map[string]*schema {
	refused := map[string]*schema{}
	for _, key := range c.Keys {
		if key.Name != kind && !slices.Contains(c.Variants[kind], key.Name) {
			refused[key.Name] = &schema{never: true}
		}
	}
	return refused
}

// describe takes the words of the reference: those of the construct itself, or
// those that several share.
func (w *schemaWriter) describe(construct, key string) string {
	return cmp.Or(w.words[construct][key], w.words["T"][key], w.words[kindsTable][key])
}
