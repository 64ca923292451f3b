// Package corpus makes events as RudderStack sends them: the same ones for the
// same seed on every machine, so that figures can be repeated.
package corpus

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// A Kind is a type of event.
type Kind string

const (
	Identify Kind = "identify"
	Track    Kind = "track"
	Group    Kind = "group"
)

// Kinds lists the kinds that there are events of.
func Kinds() []Kind { return []Kind{Identify, Track, Group} }

// Make gives n events of a kind, of 0.8 to 2.5 KB each.
func Make(kind Kind, n int, seed uint64) [][]byte {
	g := &generator{rand.New(rand.NewPCG(seed, uint64(len(kind))))}
	events := make([][]byte, n)
	for i := range events {
		events[i] = []byte(g.event(kind, i))
	}
	return events
}

// Size gives the bytes of all events.
func Size(events [][]byte) int {
	size := 0
	for _, event := range events {
		size += len(event)
	}
	return size
}

type generator struct{ *rand.Rand }

// chance is true in so many cases of a hundred.
func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func pick[T any](g *generator, from []T) T { return from[g.IntN(len(from))] }

// event is one event. SDKs write members in different orders, so they are
// shuffled.
func (g *generator) event(kind Kind, i int) string {
	person := g.person(i)
	members := g.envelope(kind, i)
	switch kind {
	case Identify:
		members = append(members, g.identity(person)...)
	case Track:
		members = append(members, g.tracked(person)...)
	case Group:
		members = append(members, g.grouped(i, person)...)
	}
	g.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return members.object()
}

// envelope is what events of all kinds have, without the context.
func (g *generator) envelope(kind Kind, i int) object {
	day, at := 1+g.IntN(28), fmt.Sprintf("T%02d:%02d:%02d", g.IntN(24), g.IntN(60), g.IntN(60))
	clock := func(ms int) string { return text(fmt.Sprintf("2026-03-%02d%s.%03dZ", day, at, ms)) }
	ms := g.IntN(900)
	return object{
		{"type", text(string(kind))},
		{"messageId", text(g.uuid())},
		{"anonymousId", text(g.uuid())},
		{"userId", g.userID(i)},
		{"channel", text(pick(g, []string{"web", "mobile", "server"}))},
		{"originalTimestamp", clock(ms)},
		{"sentAt", clock(ms + 7)},
		{"receivedAt", clock(ms + 44)},
		{"request_ip", text(g.ip())},
		{"rudderId", text(g.uuid())},
		{"integrations", `{"All":true}`},
	}
}

// userID is a number in some sources.
func (g *generator) userID(i int) string {
	if g.chance(10) {
		return strconv.Itoa(100_000_000 + i)
	}
	return text(fmt.Sprintf("user-%06d", i))
}

// identity has the traits where the SDK puts them: in the context, or beside
// it, where servers often do.
func (g *generator) identity(person object) object {
	traits := g.trim(append(person, g.custom(userFields(), 2+g.IntN(10))...), 15).object()
	if g.chance(50) {
		return object{{"traits", traits}, {"context", g.context(nil).object()}}
	}
	return object{{"context", g.context(object{{"traits", traits}}).object()}}
}

func (g *generator) tracked(person object) object {
	members := object{
		{"event", text(pick(g, []string{"Order Completed", "Produkt angesehen – Größe", "Signed Up", "cart_viewed", "Trial \"Pro\" Started"}))},
		{"context", g.context(object{{"traits", g.trim(person, 5).object()}}).object()},
	}
	if g.chance(95) {
		members = append(members, member{"properties", g.custom(properties(), 3+g.IntN(9)).object()})
	}
	return members
}

func (g *generator) grouped(i int, person object) object {
	organization := object{{"name", text(fmt.Sprintf("%s %d", pick(g, companies()), i))}}
	if g.chance(40) {
		organization = append(organization, member{"domainNames", fmt.Sprintf(`["company-%d.example", "c%d.example"]`, i, i)})
	}
	if g.chance(30) {
		organization = append(organization, member{"tags", `["b2b","pilot"]`})
	}
	organization = append(organization, g.custom(organizationFields(), 3+g.IntN(9))...)
	return object{
		{"groupId", text(fmt.Sprintf("group-%05d", i))},
		{"traits", organization.object()},
		{"context", g.context(object{{"traits", g.trim(person, 4).object()}}).object()},
	}
}

// trim leaves off what is too many.
func (g *generator) trim(members object, most int) object { return members[:min(most, len(members))] }

// person has the traits that the rules read by name.
func (g *generator) person(i int) object {
	members := object{
		{"name", text(pick(g, names()))},
		{"email", text(Email(i))},
	}
	phone := text(fmt.Sprintf("+49%09d", g.IntN(1_000_000_000)))
	if g.chance(15) {
		phone = strconv.Itoa(490_000_000_000 + g.IntN(1_000_000_000))
	}
	for _, m := range []struct {
		member
		percent int
	}{
		{member{"phone", phone}, 60},
		{member{"timezone", text(pick(g, timezones()))}, 60},
		{member{"organizationId", strconv.Itoa(900_000_000_000 + g.IntN(1_000_000))}, 20},
		{member{"id", text(fmt.Sprintf("crm-%d", i))}, 15},
	} {
		if g.chance(m.percent) {
			members = append(members, m.member)
		}
	}
	return members
}

// Email is the address of the person behind an event.
func Email(i int) string { return fmt.Sprintf("person.%d@company-%d.example", i, i%97) }

// custom picks so many members of a vocabulary, in any order.
func (g *generator) custom(from []word, n int) object {
	var members object
	for _, at := range g.Perm(len(from))[:min(n, len(from))] {
		members = append(members, member{from[at].key, from[at].value(g)})
	}
	return members
}

// context is what the library knows of the device, with more members that it is
// given.
func (g *generator) context(more object) object {
	members := object{
		{"app", `{"name":"Storefront","version":"2.4.` + strconv.Itoa(g.IntN(30)) + `","namespace":"com.example.storefront"}`},
		{"library", `{"name":"RudderLabs JavaScript SDK","version":"3.11.6"}`},
		{"locale", text(pick(g, []string{"en-GB", "de-DE", "fr-FR", "ja-JP"}))},
		{"ip", text(g.ip())},
		{"userAgent", text(pick(g, userAgents()))},
	}
	if g.chance(60) {
		members = append(members, member{"page", g.page()})
	}
	if g.chance(25) {
		members = append(members, member{"campaign", `{"name":"sp\u0072ing \u0026 summer","source":"newsletter","medium":"email"}`})
	}
	if g.chance(60) {
		members = append(members, member{"screen", `{"density":2,"width":1440,"height":900,"innerWidth":1440,"innerHeight":761}`})
	}
	if g.chance(40) {
		members = append(members, member{"os", `{"name":"macOS","version":"15.3"}`})
	}
	return append(members, more...)
}

func (g *generator) page() string {
	path := pick(g, []string{"/", "/pricing", "/products/größen", "/account/settings"})
	return object{
		{"path", text(path)},
		{"referrer", `"https:\/\/www.search.example\/?q=desk+rules"`},
		{"search", `""`},
		{"title", text(pick(g, []string{`Welcome to "Storefront"`, "Preise – Storefront", "設定"}))},
		{"url", text("https://www.storefront.example" + path)},
	}.object()
}

func (g *generator) ip() string { return fmt.Sprintf("192.0.2.%d", g.IntN(256)) }

func (g *generator) uuid() string {
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", g.Uint32(), g.IntN(1<<16), g.IntN(1<<12), g.IntN(1<<12), g.Uint64()>>16)
}
