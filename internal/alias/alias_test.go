package alias_test

import (
	"strings"
	"testing"

	"github.com/deskrules/deskrules/internal/alias"
)

// hidden is a text that has been learned, with aliases.
func hidden(o alias.Options, text string) string {
	a := alias.New(o)
	a.Learn([]byte(text))
	return a.JSON(text)
}

func TestJSON(t *testing.T) {
	for text, want := range map[string]string{
		// By keys: texts and numbers.
		`{"name":"Grace Hopper","firstName":"GRACE","surname":"Hopper"}`: `{"name":"Name1 Name2","firstName":"Name1","surname":"Name2"}`,
		`{"phone":14155552671,"mobile_phone":"+1 415 555 2671"}`:         `{"phone":15550100001,"mobile_phone":"+1 555 010 0001"}`,
		`{"authToken":12345678,"api_key":"abc"}`:                         `{"authToken":15550001,"api_key":"secret-2"}`,
		`{"city":"Arlington","postalCode":"22201","company":"Navy"}`:     `{"city":"Masked 1","postalCode":"10002","company":"Masked 3"}`,
		`{"birthday":"1906-12-09","ip":"10.1.2.3","lat":51.5}`:           `{"birthday":"1970-01-01","ip":"192.0.2.2","lat":10.1}`,
		`{"signature":"G. Hopper","file_name":"grace.pdf"}`:              `{"signature":"Masked 1","file_name":"Masked 2"}`,
		// By what values look like, however they are spelled.
		`{"x":"\u0067race2\u0040navy.mil"}`:                                             `{"x":"person1@domain1.test"}`,
		`{"x":"grâce@exämple.com"}`:                                                     `{"x":"person1@domain1.test"}`,
		`{"x":"a@one.org, b@one.org","y":"one.org"}`:                                    `{"x":"person1@domain1.test, person2@domain1.test","y":"domain1.test"}`,
		`{"x":"a@example.com"}`:                                                         `{"x":"person1@example.com"}`,
		`{"q":"email=grace.hopper%40navy.mil&name=Grace%20Hopper"}`:                     `{"q":"email=person1%40domain1.test&name=Name1%20Name2"}`,
		`{"u":"https://x.io/?e=g%2Bx%40navy.mil&n=Grace+Hopper","name":"Grace Hopper"}`: `{"u":"https://x.io/?e=person1%40domain1.test&n=Name1+Name2","name":"Name1 Name2"}`,
		`{"x":"call +1 415 555 2671 or (415) 555-2671"}`:                                `{"x":"call +1 555 010 0001 or (155) 501-0002"}`,
		`{"x":"Authorization: Bearer abcdefgh12345"}`:                                   `{"x":"Authorization: secret-1"}`,
		// In longer texts, and as keys.
		`{"name":"Grace Hopper","x":"grace hopper lives, ask Grace, by her grace"}`: `{"name":"Name1 Name2","x":"Name1 Name2 lives, ask Name1, by her grace"}`,
		`{"grace@navy.mil":{"x":1},"+1 415 555 2671":2}`:                            `{"person1@domain1.test":{"x":1},"+1 555 010 0001":2}`,
		`{"name":"田中","x":"田中さん"}`:                                                  `{"name":"Name1","x":"Name1さん"}`,
		// What rules look at and is nobody's stays, and so do ids and spelling.
		`{"type":"track","name":"Track","plan":"track","time_zone":"Track"}`:            `{"type":"track","name":"Name1","plan":"track","time_zone":"Track"}`,
		`{"context":{"library":{"name":"analytics.js"},"device":{"name":"Ann's"}}}`:     `{"context":{"library":{"name":"analytics.js"},"device":{"name":"Name1'Name2"}}}`,
		"{ \"id\" : 7,\n \"n\": [1.50, \"<\"], \"ok\": true }":                          "{ \"id\" : 7,\n \"n\": [1.50, \"<\"], \"ok\": true }",
		`{"name":"A","size":"a","phones":["+44 20 7946 0000"],"list":[{"name":"B"},3]}`: `{"name":"Name1","size":"a","phones":["+15 55 0100 0001"],"list":[{"name":"Name2"},3]}`,
		`not JSON`: `not JSON`,
	} {
		if got := hidden(alias.Options{}, text); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestOptions(t *testing.T) {
	const text = `{"email":"ann@acme.io","site":"acme.io","tier":"gold","name":"Gold"}`
	for want, o := range map[string]alias.Options{
		`{"email":"person1@domain1.test","site":"domain1.test","tier":"Name1","name":"Name1"}`: {},
		`{"email":"person1@acme.io","site":"acme.io","tier":"Name1","name":"Name1"}`:           {KeepDomains: true},
		`{"email":"person1@domain1.test","site":"domain1.test","tier":"gold","name":"Name1"}`:  {Keep: []string{"Tier"}},
	} {
		if got := hidden(o, text); got != want {
			t.Errorf("%+v\n got %s\nwant %s", o, got, want)
		}
	}
}

// Paths and queries of requests have what events have.
func TestRequests(t *testing.T) {
	a := alias.New(alias.Options{})
	a.Replace("https://acme.io/api/", "https://example.io/")
	a.Secret("hunter2")
	a.Learn([]byte(`{"name":"Al","email":"al@acme.io"}`))
	for _, test := range []struct{ got, want string }{
		{a.Path("users/al%40acme.io/x.json"), "users/person1@domain1.test/x.json"},
		{a.Path("https://acme.io/api/x"), "https://example.io/x"},
		{a.Query(`name:"Al" email:al@acme.io`), `name:"Name1" email:person1@domain1.test`},
		{a.JSON(`{"next":"https:\/\/acme.io\/api\/x","t":"hunter2"}`), `{"next":"https://example.io/x","t":"secret-1"}`},
		{a.Value("from", "al@acme.io"), "person1@domain1.test"},
	} {
		if test.got != test.want {
			t.Errorf("got %s, want %s", test.got, test.want)
		}
	}
}

// However long a text is, and whatever it holds, no address is left in it.
func FuzzNoAddressIsLeft(f *testing.F) {
	f.Add("Grace Hopper", "call", "a%20b")
	f.Add("%", "=", "\xff")
	f.Add("", "a="+strings.Repeat("b%3D", 9)+"%"+strings.Repeat("25", 200)+"=", "")
	f.Fuzz(func(t *testing.T, name, before, after string) {
		event := `{"name":"` + strings.Map(plainLetters, name) + `","x":"` + strings.Map(plainLetters, before) + ` ada@navy.mil ` + strings.Map(plainLetters, after) + `"}`
		text := hidden(alias.Options{}, event)
		if strings.Contains(text, "navy.mil") {
			t.Errorf("%s", text)
		}
	})
}

func plainLetters(r rune) rune {
	if r < ' ' || r == '"' || r == '\\' || r > 0xEFFFF || r == '@' {
		return -1
	}
	return r
}
