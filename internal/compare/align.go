package compare

import (
	"slices"
	"strings"
)

// A match pairs a request of the one version with one of the other; -1 is none.
type match struct {
	old, new int
	moved    bool // it stands before or behind others than it did
}

// align pairs the requests of one event. Most events make the same requests, and
// those that are equal at both ends need no search.
func (p *Pair) align(old, new []Call) []match {
	var head, tail []match
	from, ends := 0, 0
	for from < len(old) && from < len(new) && p.equal(old[from], new[from]) {
		head = append(head, match{old: from, new: from})
		from++
	}
	for from < len(old)-ends && from < len(new)-ends && p.equal(old[len(old)-ends-1], new[len(new)-ends-1]) {
		ends++
	}
	middle := p.search(old[from:len(old)-ends], new[from:len(new)-ends])
	for i, m := range middle {
		middle[i] = m.shifted(from)
	}
	for i := ends; i > 0; i-- {
		tail = append(tail, match{old: len(old) - i, new: len(new) - i})
	}
	return append(append(head, middle...), tail...)
}

func (m match) shifted(by int) match {
	if m.old >= 0 {
		m.old += by
	}
	if m.new >= 0 {
		m.new += by
	}
	return m
}

// joinMoved pairs the requests that have no partner in their order with those most
// like them: the versions send them in another order.
func (p *Pair) joinMoved(all []match, old, new []Call) []match {
	for i, gone := range all {
		if gone.old < 0 || gone.new >= 0 {
			continue
		}
		if at := p.mostAlike(old[gone.old], all, new); at >= 0 {
			all[at].old, all[at].moved = gone.old, true
			all[i].old = -1 // nothing is left of it
		}
	}
	return slices.DeleteFunc(all, func(m match) bool { return m.old < 0 && m.new < 0 })
}

// mostAlike finds what was added that is most like a request; -1 for none.
func (p *Pair) mostAlike(gone Call, all []match, new []Call) int {
	at, most := -1, unlike
	for i, m := range all {
		if m.old >= 0 || m.new < 0 {
			continue
		}
		if like := p.likeness(gone, new[m.new]); like > most {
			at, most = i, like
		}
	}
	return at
}

// mostCells bounds the search. Beyond it requests are paired as they stand.
const mostCells = 250_000

// search finds the pairing, in order, of which the likenesses add up to the most.
func (p *Pair) search(old, new []Call) []match {
	if len(old) == 0 || len(new) == 0 || len(old)*len(new) > mostCells {
		return asTheyStand(len(old), len(new))
	}
	like, best := make([][]int, len(old)), make([][]int, len(old)+1)
	for i := range best {
		best[i] = make([]int, len(new)+1)
	}
	for i := len(old) - 1; i >= 0; i-- {
		like[i] = make([]int, len(new))
		for j := len(new) - 1; j >= 0; j-- {
			like[i][j] = p.likeness(old[i], new[j])
			best[i][j] = max(best[i+1][j], best[i][j+1])
			if like[i][j] > 0 {
				best[i][j] = max(best[i][j], like[i][j]+best[i+1][j+1])
			}
		}
	}
	return follow(like, best)
}

// follow reads the pairing off what is best from each place on.
func follow(like, best [][]int) []match {
	var found []match
	i, j := 0, 0
	for i < len(like) || j < len(best[0])-1 {
		switch {
		case i < len(like) && j < len(like[i]) && like[i][j] > 0 && best[i][j] == like[i][j]+best[i+1][j+1]:
			found = append(found, match{old: i, new: j})
			i, j = i+1, j+1
		case i < len(like) && best[i][j] == best[i+1][j]:
			found = append(found, match{old: i, new: -1})
			i++
		default:
			found = append(found, match{old: -1, new: j})
			j++
		}
	}
	return found
}

func asTheyStand(old, new int) []match {
	var found []match
	for i := range max(old, new) {
		m := match{old: -1, new: -1}
		if i < old {
			m.old = i
		}
		if i < new {
			m.new = i
		}
		found = append(found, m)
	}
	return found
}

// Likenesses: requests of another kind are never paired, and equal ones before
// all others.
const (
	unlike    = 0
	sameKind  = 10
	sameWhole = 100
)

func (p *Pair) likeness(a, b Call) int {
	switch {
	case a.Method != b.Method || !p.samePlace(a.Path, b.Path):
		return unlike
	case p.equal(a, b):
		return sameWhole
	default:
		return sameKind + p.common(leavesIn(a.Body), leavesIn(b.Body))
	}
}

// equal reports whether two requests could be the same.
func (p *Pair) equal(a, b Call) bool {
	return a.Method == b.Method && p.same(a.Path, b.Path, trial) && p.same(a.Query, b.Query, trial) && p.equalBodies(a.Body, b.Body)
}

func (p *Pair) equalBodies(a, b []byte) bool {
	if p.sameText(a, b, trial) {
		return true
	}
	x, y := leavesIn(a), leavesIn(b)
	return len(x) == len(y) && p.shared(x, y) == len(x)
}

// common says how much two bodies share, from 0 to 50.
func (p *Pair) common(x, y []leaf) int {
	if len(x)+len(y) == 0 {
		return 0
	}
	return 100 * p.shared(x, y) / (len(x) + len(y))
}

// shared counts the equal leaves at equal places.
func (p *Pair) shared(x, y []leaf) (n int) {
	for len(x) > 0 && len(y) > 0 {
		switch order := firstOf(x, y); {
		case order < 0:
			x = x[1:]
		case order > 0:
			y = y[1:]
		default:
			if p.sameLeaf(x[0], y[0], trial) {
				n++
			}
			x, y = x[1:], y[1:]
		}
	}
	return n
}

// samePlace reports whether two paths lead to the same kind of thing: they have
// the same words, and differ where one of them names one thing among many.
func (p *Pair) samePlace(a, b string) bool {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if !p.same(x[i], y[i], trial) && !(p.names(x[i]) && p.names(y[i])) {
			return false
		}
	}
	return true
}

// names reports whether a segment of a path names one thing among many.
func (p *Pair) names(segment string) bool {
	segment, _, _ = strings.Cut(segment, ".")
	return strings.ContainsAny(segment, "0123456789%@") || p.given[segment] || p.assigned[older][segment] || p.assigned[newer][segment]
}
