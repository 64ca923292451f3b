package zendesksim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/deskrules/deskrules/runner/zendesksim"
)

func TestFieldAnswersAsRecorded(t *testing.T) {
	for _, kind := range []string{"user_field", "organization_field"} {
		a := newAPI(t, zendesksim.Options{}, "")
		got := a.post(kind+"s.json", `{"`+kind+`":{"key":"plan","title":"Plan","description":"d","active":true}}`)
		got.refuses(201, `{"`+kind+`":{"url":"https://acme.zendesk.com/api/v2/`+kind+`s/26140000000001.json","id":26140000000001,
			"type":"text","key":"plan","title":"Plan","description":"d","raw_title":"Plan","raw_description":"d","position":9999,
			"active":true,"system":false,"regexp_for_validation":null,"created_at":"2026-08-01T12:00:00Z","updated_at":"2026-08-01T12:00:00Z"}}`)
		if got.header.Get("Location") != got.value(kind+".url") {
			t.Errorf("Location %s", got.header.Get("Location"))
		}
		a.get(kind+"s").has(kind+"s.*.key", "plan").has("count", "1").has("next_page", "null")
		a.get(kind+"s/plan.json").has(kind+".title", "Plan")
		a.get(kind+"s/26140000000001").has(kind+".title", "Plan")
		a.put(kind+"s/plan", `{"`+kind+`":{"title":"New","key":"other","type":"date","active":false}}`).wants(200).
			has(kind+".title", "New").has(kind+".key", "plan").has(kind+".type", "text").has(kind+".active", "false")
		a.send("GET", kind+"s/PLAN", "").refuses(404, notFound)
		a.delete(kind + "s/plan").wants(204)
		a.delete(kind+"s/plan").refuses(404, notFound)
	}
}

func TestFieldValidation(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{"user_fields":[{"key":"Plan"},{"key":"gone"}]}`)
	a.delete("user_fields/gone").wants(204)
	taken := func(key string) string {
		return invalid("key", "DuplicateValue", "Key: "+key+" has already been taken")
	}
	malformed := func(key string) string {
		return invalid("key", "InvalidValue", "Key: "+key+" may only contain letters, digits and underscores, and not digits only")
	}
	for _, test := range []struct{ field, want string }{
		{`{"title":"t"}`, invalid("key", "BlankValue", "Key: cannot be blank")},
		{`{"title":"t","key":"123"}`, malformed("123")},
		{`{"title":"t","key":"a.b"}`, malformed("a.b")},
		{`{"title":"t","key":"a b"}`, malformed("a b")},
		{`{"title":"t","key":"ä"}`, malformed("ä")},
		{`{"title":"t","key":"Plan"}`, taken("Plan")},
		{`{"title":"t","key":"plan"}`, taken("plan")},
		{`{"title":"t","key":"Gone"}`, taken("Gone")},
		{`{"key":"k"}`, invalid("title", "BlankValue", "Title: cannot be blank")},
		{`{"title":"t","key":"k","type":"money"}`, invalid("type", "InvalidValue", "Type: money is not a type of field")},
		{`{"title":"t","key":"k","type":"dropdown"}`, invalid("custom_field_options", "BlankValue", "Custom field options: cannot be blank")},
		{`{"title":"t","key":"k","type":"regexp"}`, invalid("regexp_for_validation", "BlankValue", "Regexp for validation: cannot be blank")},
		{`{"title":"t","key":"k","type":"regexp","regexp_for_validation":"("}`, invalid("regexp_for_validation", "InvalidValue", "Regexp for validation: is invalid")},
		{`{"title":"t","key":"k","type":"multiselect","custom_field_options":[{"name":"A","value":"a"},{"name":"B","value":"a"}]}`, invalid("custom_field_options", "DuplicateValue", "Custom field options: a has already been taken")},
	} {
		a.post("user_fields", `{"user_field":`+test.field+`}`).refuses(422, test.want)
	}
	a.post("user_fields", `{"user_field":{"title":"t","key":5}}`).refuses(400, wrongType("user_field.key", "must be a string", "user_fields/create"))
	for _, key := range []string{"_", "1a", "id", "name", "__proto__"} {
		a.userField(`{"title":"t","key":"` + key + `"}`)
	}
	a.post("organization_fields", `{"organization_field":{"title":"t","key":"plan"}}`).wants(201) // Another set of keys.
	reusing := newAPI(t, zendesksim.Options{ReuseDeletedKeys: true}, `{"user_fields":[{"key":"gone"}]}`)
	reusing.delete("user_fields/gone").wants(204)
	reusing.userField(`{"title":"t","key":"gone"}`)
}

func TestFieldOptionsAreReplaced(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, "")
	a.userField(`{"key":"tier","title":"t","type":"dropdown","custom_field_options":[{"name":"Gold","value":"gold"},{"name":"Iron","value":"iron"}]}`)
	gold := a.get("user_fields/tier").value("user_field.custom_field_options.0.id")
	a.put("user_fields/tier", `{"user_field":{"custom_field_options":[{"name":"Silver","value":"silver"},{"name":"Golden","value":"gold"}]}}`).wants(200).
		has("user_field.custom_field_options.*.name", "Silver,Golden").has("user_field.custom_field_options.1.id", gold)
	a.put("user_fields/tier", `{"user_field":{"custom_field_options":[]}}`).wants(200) // Left as it is.
}

const everyFieldType = `[{"id":1,"key":"txt"},{"id":2,"key":"area","type":"textarea"},{"id":3,"key":"box","type":"checkbox","tag":"boxed"},
	{"id":4,"key":"day","type":"date"},{"id":5,"key":"int","type":"integer"},{"id":6,"key":"dec","type":"decimal"},
	{"id":7,"key":"rex","type":"regexp","regexp_for_validation":"^[a-z]+$"},{"id":8,"key":"ref","type":"lookup"},
	{"id":9,"key":"one","type":"dropdown","custom_field_options":[{"name":"A","value":"a"},{"name":"B","value":"b"}]},
	{"id":10,"key":"many","type":"multiselect","custom_field_options":[{"name":"C","value":"c"},{"name":"D","value":"d"}]}]`

func TestFieldValues(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{"user_fields":`+everyFieldType+`,"organization_fields":`+everyFieldType+`}`)
	for _, test := range []struct{ key, value, stored string }{
		{"txt", `"text"`, "text"},
		{"txt", `9007199254740993.10`, "9007199254740993.10"},
		{"txt", `1e400`, "1e400"},
		{"txt", `false`, "false"},
		{"txt", `""`, "null"},
		{"txt", `"<&>"`, "<&>"},
		{"area", `null`, "null"},
		{"box", `true`, "true"},
		{"box", `"false"`, "false"},
		{"box", `1`, "true"},
		{"day", `"2012-07-23"`, "2012-07-23T00:00:00Z"},
		{"day", `"2012-07-23T10:11:12.5+02:00"`, "2012-07-23T00:00:00Z"},
		{"int", `1234567890123456789`, "1234567890123456789"},
		{"int", `"007"`, "7"},
		{"int", `""`, "null"},
		{"dec", `5.10`, "5.10"},
		{"dec", `"-0.5"`, "-0.5"},
		{"rex", `"abc"`, "abc"},
		{"ref", `"26140000000001"`, "26140000000001"},
		{"one", `"b"`, "b"},
		{"many", `["d","c","d"]`, `["d","c"]`},
		{"many", `[]`, "null"},
	} {
		a.post("users", `{"user":{"name":"x","user_fields":{"`+test.key+`":`+test.value+`}}}`).wants(201).
			has("user.user_fields."+test.key, test.stored)
	}
	for key, values := range map[string]string{
		"txt": `{} []`, "area": `[1]`, "box": `"yes" 2 {}`, "day": `"soon" 20120723 "2012-13-01"`, "int": `1.5 "x" "+1" "1_0"`,
		"dec": `"x" "null" "1,5"`, "rex": `"ABC" 5`, "ref": `"x"`, "one": `"c" true`, "many": `"c" ["x"] [1]`,
	} {
		for _, value := range strings.Fields(values) {
			field := a.get("user_fields/" + key).value("user_field.id")
			a.post("users", `{"user":{"name":"x","user_fields":{"`+key+`":`+value+`}}}`).refuses(422, fmt.Sprintf(
				`{"error":"RecordInvalid","description":"Record validation errors","details":{"base":[{"description":"%s: is invalid","error":"InvalidValue","field_key":%s}]}}`, key, field))
		}
	}
	a.post("organizations", `{"organization":{"name":"x","organization_fields":{"day":"2018-11-04","int":19}}}`).wants(201).
		has("organization.organization_fields.day", "2018-11-04T00:00:00+00:00").has("organization.organization_fields.int", "19").
		has("organization.organization_fields.txt", "null")
}

func TestUnknownFieldsAreIgnored(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{"user_fields":[{"key":"plan"}]}`)
	id := a.user(`{"name":"x","user_fields":{"plan":"gold","Plan":"iron","other":{"deep":[1]}}}`)
	a.get("users/"+id).has("user.user_fields", `{"plan":"gold"}`)
	a.userField(`{"key":"other","title":"t"}`)
	a.get("users/"+id).has("user.user_fields", `{"other":null,"plan":"gold"}`)
	a.put("users/"+id, `{"user":{"user_fields":{"other":"x"}}}`).wants(200).has("user.user_fields", `{"other":"x","plan":"gold"}`)
	a.delete("user_fields/plan").wants(204)
	a.get("users/"+id).has("user.user_fields", `{"other":"x"}`)
}

func TestFieldTags(t *testing.T) {
	a := newAPI(t, zendesksim.Options{}, `{"user_fields":`+everyFieldType+`}`)
	path := "users/" + a.user(`{"name":"x","tags":["own","own"],"user_fields":{"box":true,"one":"a","many":["c","d"]}}`)
	a.get(path).has("user.tags", `["own","boxed","c","d","a"]`)
	a.put(path, `{"user":{"user_fields":{"one":"b","many":["d"]}}}`).wants(200).has("user.tags", `["own","boxed","d","b"]`)
	a.put(path, `{"user":{"user_fields":{"box":false,"one":null,"many":""}}}`).wants(200).has("user.tags", `["own"]`)
	a.put(path, `{"user":{"tags":[]}}`).wants(200).has("user.tags", `[]`)
}
