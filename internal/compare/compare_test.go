package compare

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// said writes changes as one line each.
func said(changes []Change) []string {
	var lines []string
	for _, c := range changes {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %d/%d %s %s %s", c.Kind, c.Old, c.New, strings.Join(c.Field, "."), c.Was, c.Is)))
	}
	return lines
}

func calls(texts ...string) []Call {
	var all []Call
	for _, text := range texts {
		parts := strings.SplitN(text+"||", "|", 4)
		method, path, _ := strings.Cut(parts[0], " ")
		path, query, _ := strings.Cut(path, "?")
		all = append(all, Call{Method: method, Path: path, Query: query, Body: []byte(parts[1]), Answer: []byte(strings.TrimRight(parts[2], "|"))})
	}
	return all
}

func TestCompare(t *testing.T) {
	for _, test := range []struct {
		name     string
		old, new []Call
		want     []string
	}{
		{"the same", calls(`POST users|{"a":1}`), calls(`POST users|{"a":1}`), nil},
		{"the same in another order of members", calls(`POST users|{"a":1,"b":2}`), calls(`POST users|{"b":2,"a":1}`), nil},
		{"a field of each kind", calls(`POST users|{"a":1,"b":2}`), calls(`POST users|{"b":3,"c":4}`),
			[]string{"gone 0/0 body.a 1", "changed 0/0 body.b 2 3", "added 0/0 body.c  4"}},
		{"a text is no number", calls(`POST users|{"a":1}`), calls(`POST users|{"a":"1"}`), []string{`changed 0/0 body.a 1 "1"`}},
		{"elements of a list", calls(`POST users|{"t":["x"]}`), calls(`POST users|{"t":["y","z"]}`),
			[]string{`changed 0/0 body.t.# "x" "y"`, `added 0/0 body.t.#  "z"`}},
		{"an object that became empty", calls(`PUT users|{"o":{"a":1}}`), calls(`PUT users|{"o":{}}`),
			[]string{"added 0/0 body.o  {}", "gone 0/0 body.o.a 1"}},
		{"a query", calls(`GET users?q=a`), calls(`GET users?q=b`), []string{`changed 0/0 query "q=a" "q=b"`}},
		{"a path", calls(`GET users/1.json`), calls(`GET users/2.json`), []string{`changed 0/0 path "users/1.json" "users/2.json"`}},
		{"another kind of path", calls(`GET users`), calls(`GET groups`), []string{"gone 0/-1", "added -1/0"}},
		{"one of several alike is gone", calls(`POST f|{"k":"a"}`, `POST f|{"k":"b"}`, `POST f|{"k":"c"}`), calls(`POST f|{"k":"a"}`, `POST f|{"k":"c"}`),
			[]string{"gone 1/-1"}},
		{"an equal one before one alike", calls(`PUT u|{"v":1}`, `POST f|{"k":"a","x":1}`, `PUT w|{"v":1}`),
			calls(`PUT u|{"v":2}`, `POST f|{"k":"b","x":1}`, `POST f|{"k":"a","x":1}`, `PUT w|{"v":2}`),
			[]string{"changed 0/0 body.v 1 2", "added -1/1", "changed 2/3 body.v 1 2"}},
		{"another order", calls(`POST users|{"a":1}`, `POST notes|{"b":2}`, `GET teams`), calls(`POST notes|{"b":2}`, `GET teams`, `POST users|{"a":1}`),
			[]string{"moved 0/2"}},
		{"another order, and one that is otherwise", calls(`POST users|{"a":1}`, `POST notes|{"b":2}`), calls(`POST notes|{"b":3}`, `POST users|{"a":1}`),
			[]string{"moved 1/0", "changed 1/0 body.b 2 3"}},
		{"the most alike of several that moved", calls(`POST f|{"k":"a","x":1}`, `GET t`, `GET u`),
			calls(`GET t`, `GET u`, `POST f|{"k":"b","x":2}`, `POST f|{"k":"a","x":2}`), []string{"added -1/2", "moved 0/3", "changed 0/3 body.x 1 2"}},
		{"one in front", calls(`POST users|{"a":1}`), calls(`GET fields`, `POST users|{"a":2}`), []string{"added -1/0", "changed 0/1 body.a 1 2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := said(NewPair(nil).Compare(test.old, test.new)); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// TestIDs plays events to two accounts that give out different ids.
func TestIDs(t *testing.T) {
	p := NewPair([]byte(`{"users":[{"id":90001},{"id":90002}]}`))
	p.Give([]byte(`{"userId":"u-1000","other":"u-2000"}`))
	for _, test := range []struct {
		name     string
		old, new []Call
		want     []string
	}{
		{"ids are learned from answers", calls(`POST users|{"name":"ann"}|{"id":10001}`), calls(`POST users|{"name":"ann"}|{"id":20002}`), nil},
		{"and stand for each other in paths", calls(`PUT users/10001/x.json`), calls(`PUT users/20002/x.json`), nil},
		{"in queries", calls(`GET m?user_id=10001`), calls(`GET m?user_id=20002`), nil},
		{"and in bodies", calls(`POST m|{"u":10001}`), calls(`POST m|{"u":20002}`), nil},
		{"another user is another one", calls(`POST users|{"name":"bob"}|{"id":10003}`), calls(`POST users|{"name":"bob"}|{"id":20004}`), nil},
		{"be it by an id that has a partner", calls(`POST m|{"u":10001}`), calls(`POST m|{"u":20004}`), []string{"changed 0/0 body.u 10001 20004"}},
		{"one whose answers were to other requests", calls(`GET a||{"id":10005}`), calls(`GET b||{"id":20006}`), []string{"gone 0/-1", "added -1/0"}},
		{"is settled where it is sent first", calls(`POST m|{"u":10005}`), calls(`POST m|{"u":20006}`), nil},
		{"and not twice", calls(`POST m|{"u":10005}`), calls(`POST m|{"u":20004}`), []string{"changed 0/0 body.u 10005 20004"}},
		{"what the account held is no new id", calls(`GET u||{"id":90001}`), calls(`GET u||{"id":90002}`), nil},
		{"so it tells users apart", calls(`POST m|{"u":90001}`), calls(`POST m|{"u":90002}`), []string{"changed 0/0 body.u 90001 90002"}},
		{"nor is what an event said", calls(`POST m|{"u":"u-1000"}|{"u":"u-1000"}`), calls(`POST m|{"u":"u-2000"}|{"u":"u-2000"}`),
			[]string{`changed 0/0 body.u "u-1000" "u-2000"`}},
		{"small numbers mean themselves", calls(`GET n||{"n":1}`, `POST m|{"n":1}`), calls(`GET n||{"n":2}`, `POST m|{"n":2}`), []string{"changed 1/1 body.n 1 2"}},
		{"lists that differ pair nothing", calls(`GET l||{"l":[{"k":"a","id":10007}]}`), calls(`GET l||{"l":[{"k":"b","id":20007},{"k":"a","id":20008}]}`), nil},
		{"until it is clear", calls(`PUT l/10007`), calls(`PUT l/20008`), nil},
		{"what moves takes its ids along", calls(`POST users|{"name":"ida"}|{"id":40001}`, `POST t|{"t":1}`, `POST s|{"s":1}`),
			calls(`POST t|{"t":1}`, `POST s|{"s":1}`, `POST users|{"name":"ida"}|{"id":50001}`), []string{"moved 0/2"}},
		{"for good", calls(`GET q`, `PUT users/40001`), calls(`GET q||{"id":50009}`, `PUT users/50009`),
			[]string{`changed 1/1 path "users/40001" "users/50009"`}},
		{"equal ids of different things", calls(`POST users|{"name":"eve"}|{"id":30001}`), calls(`POST users|{"name":"eve"}|{"id":30002}`), nil},
		{"are no longer equal", calls(`POST users|{"name":"max"}|{"id":30002}`), calls(`POST users|{"name":"max"}|{"id":30001}`), nil},
		{"even where they look it", calls(`PUT users/30001`), calls(`PUT users/30001`), []string{`changed 0/0 path "users/30001" "users/30001"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := said(p.Compare(test.old, test.new)); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}
