package main

import "testing"

func TestRuleNames(t *testing.T) {
	names := ruleNames{"plan_name": true, "name": true}
	for sentence, want := range map[string]string{
		`"plan_name" is "Pro Plus"`:             `"plan_name" is "P*** P***"`,
		`"Ada" and "plan_name" and "name"`:      `"A***" and "plan_name" and "name"`,
		`no user 26140000000001`:                `no user 99999999999999`,
		`the name "Ada \"Countess\" L" is long`: `the name "A*** \"C***\" L***" is long`,
	} {
		if got := names.quoted(sentence); got != want {
			t.Errorf("quoted(%s) = %s, want %s", sentence, got, want)
		}
	}
	said := []byte(`{"traits":{"name":"Ann Lee","is":"name","short":"a","n":42,"list":["taken by"]}}`)
	const answer = `{"name":"Name: Ann Lee has been taken by 42, not Ann Leeson, for 427 a name"}`
	const want = `{"name":"Name: A*** L*** has been t*** b*** 99, not Ann Leeson, for 427 a name"}`
	if got := names.answer(answer, said); got != want {
		t.Errorf("answer = %s, want %s", got, want)
	}
}
