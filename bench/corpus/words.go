package corpus

import (
	"strconv"
	"strings"
)

// An object is a JSON object whose members keep their order. Values are JSON.
type object []member

type member struct{ key, value string }

func (o object) object() string {
	var b strings.Builder
	for i, m := range o {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(text(m.key) + ":" + m.value)
	}
	if len(o) == 0 {
		b.WriteByte('{')
	}
	return b.String() + "}"
}

// text writes a JSON string as most SDKs do: what need not be escaped is not.
func text(s string) string {
	return `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", `\n`, "\t", `\t`).Replace(s) + `"`
}

// A word is a key with what makes its values.
type word struct {
	key   string
	value func(g *generator) string
}

// fixed is a value that is the same always.
func fixed(json string) func(*generator) string { return func(*generator) string { return json } }

// oneOf is one of several JSON values.
func oneOf(values ...string) func(*generator) string {
	return func(g *generator) string { return pick(g, values) }
}

// below is a whole number.
func below(n int) func(*generator) string {
	return func(g *generator) string { return strconv.Itoa(g.IntN(n)) }
}

func userFields() []word {
	return []word{
		{"plan", oneOf(`"free"`, `"pro"`, `"enterprise"`)},
		{"seats", below(500)},
		{"customer since", oneOf("2017", "2021", "2024")},
		{"country", oneOf(`"UK"`, `"Österreich"`, `"日本"`)},
		{"vip", oneOf("true", "false")},
		{"score", oneOf("0.5", "-1.25", "3.75", "12e2")},
		{"note", oneOf("null", `""`, `"calls back \"soon\""`)},
		{"last-login", fixed(`"2026-02-28T23:59:59Z"`)},
		{"lifetime value", oneOf("1024.75", "12345678901234567890", "0")},
		{"größe", oneOf(`"XL"`, `"38\u00bd"`)},
		{"signup_source", oneOf(`"newsletter"`, `"partner\/referral"`, `"Messe – Köln"`)},
		{"NPS", below(11)},
		{"gender", oneOf(`""`, `"f"`, `"m"`, "null")},
		{"firstName", oneOf(`"Zoë"`, `"John"`, `"Ren\u00e9e"`)},
		{"lastName", oneOf(`"Wick"`, `"O'Hara"`, `"Łukasiewicz"`)},
		{"jobTitle", oneOf(`"Head of \"Ops\""`, `"Engineer"`)},
		{"website", oneOf(`"https://example.com/?a=1&b=<2>"`, `"https:\/\/example.org"`)},
		{"bio", oneOf(`"first line\nsecond line\ttabbed"`, `"plain words of some length, as people write them"`, longText())},
		{"marketing.opt-in", oneOf("true", "false")},
		{"referral code", oneOf(`"A1-B2"`, "null")},
		{"address", oneOf(`{"street":"12 High Street","city":"Köln","postal code":"50667","geo":{"lat":50.94,"lon":6.96}}`, `{}`)},
		{"company", fixed(`{"id":900001329943,"name":"Softworks","plan":{"name":"team","seats":[1,2,3]}}`)},
		{"interests", oneOf(`["chess","\u00e9tudes",{"deep":[true,null]}]`, `[]`)},
	}
}

// longText is what somebody pasted into a form.
func longText() string {
	return `"` + strings.Repeat(`She said \"yes\" – für immer.\nA line of about ninety characters, such as people paste into forms.\t`, 9) + `"`
}

func properties() []word {
	return []word{
		{"order_id", fixed(`"o-50314b8e"`)},
		{"total", oneOf("27.50", "-3", "1.2e3")},
		{"currency", oneOf(`"EUR"`, `"USD"`)},
		{"coupon", oneOf("null", `""`, `"hasbros"`)},
		{"products", fixed(`[{"product_id":"507f1f77","sku":"45790-32","name":"Monopoly: 3rd Edition","price":19,"quantity":1,"category":"Spiele & Größen"},{"product_id":"505bd76785","sku":"46493-32","name":"UNO \"Card\" Game","price":3,"quantity":2}]`)},
		{"category", oneOf(`"Games"`, `"B\u00fccher"`)},
		{"label", fixed(`"from\tthe\ttop"`)},
		{"value", below(1000)},
		{"first time", oneOf("true", "false")},
		{"url", fixed(`"https:\/\/www.storefront.example\/checkout"`)},
		{"shipping", fixed(`{"method":"post","eta":{"days":3}}`)},
		{"experiment", oneOf(`"a"`, `"b"`)},
	}
}

func organizationFields() []word {
	return []word{
		{"url", fixed(`"https://company.example"`)},
		{"employees", below(20_000)},
		{"industry", oneOf(`"Software"`, `"Möbel"`, `""`)},
		{"group plan", oneOf(`"trial"`, `"team"`)},
		{"mrr", oneOf("0", "199.90", "1e4")},
		{"country", oneOf(`"UK"`, `"Türkiye"`)},
		{"churn-risk", oneOf("0.1", "0.95")},
		{"active", oneOf("true", "false")},
		{"owner", oneOf(`"Ann \"A\" Lee"`, "null")},
		{"founded", oneOf("1999", "2015")},
		{"address", fixed(`{"city":"Zürich","geo":{"lat":47.37}}`)},
		{"contacts", fixed(`[{"name":"Ann"},{"name":"B\u00f6b"}]`)},
		{"groupId", fixed(`"ignored, since the rule excepts it"`)},
		{"notes", fixed(`"renews in May;\nasks for a quote"`)},
	}
}

func names() []string {
	return []string{"John Wick", "Zoë Müller", `Robert "Bob" O'Neil`, "山田 太郎", "Ada Lovelace", "Łucja Żółć"}
}

func companies() []string {
	return []string{"Softworks", "Größe & Söhne", `"Quoted" Ltd`, "株式会社例"}
}

// Some zones have a name in the rules' table, some are such a name, and a few
// are neither.
func timezones() []string {
	return []string{
		"Europe/Berlin", "America/New_York", "Asia/Tokyo", "Europe/London", "America/Chicago", "Australia/Sydney",
		"Berlin", "London", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Mars/Olympus_Mons",
	}
}

func userAgents() []string {
	return []string{
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
	}
}

// UserFields and OrganizationFields list the keys of the custom fields that
// the destination has already: of every member that becomes one, a few of them
// in another case.
func UserFields() []string {
	return []string{
		"Plan", "seats", "customer_since", "country", "vip", "score", "note", "last_login", "lifetime_value", "gr__e",
		"signup_source", "nps", "gender", "firstname", "lastName", "jobTitle", "website", "bio", "marketing_opt_in", "referral_code",
	}
}

// OrganizationFields is [UserFields] for organizations.
func OrganizationFields() []string {
	return []string{
		"employees", "industry", "Group_Plan", "mrr", "country", "churn_risk", "active", "owner", "founded", "notes",
	}
}
