package zendesksim

import (
	"iter"
	"slices"
)

// A table holds the records of one kind by id and lists them in the order of their ids.
type table[T any] struct {
	byID map[int64]*T
	ids  []int64 // ascending
}

func newTable[T any]() *table[T] {
	return &table[T]{byID: map[int64]*T{}}
}

// get returns the record of an id, and nil where there is none.
func (t *table[T]) get(id int64) *T {
	return t.byID[id]
}

// insert adds a record whose id is new.
func (t *table[T]) insert(id int64, record *T) {
	t.ids = withID(t.ids, id)
	t.byID[id] = record
}

func (t *table[T]) delete(id int64) {
	if at, found := slices.BinarySearch(t.ids, id); found {
		t.ids = slices.Delete(t.ids, at, at+1)
		delete(t.byID, id)
	}
}

func (t *table[T]) all() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for _, id := range t.ids {
			if !yield(t.byID[id]) {
				return
			}
		}
	}
}

// where returns the records that a condition holds for, in the order of their ids.
func (t *table[T]) where(condition func(*T) bool) []*T {
	list := []*T{}
	for record := range t.all() {
		if condition(record) {
			list = append(list, record)
		}
	}
	return list
}

// pick returns the records of a list of ids, in the order of the list.
func (t *table[T]) pick(ids []int64) []*T {
	list := make([]*T, 0, len(ids))
	for _, id := range ids {
		if record := t.byID[id]; record != nil {
			list = append(list, record)
		}
	}
	return list
}

// withID returns an ascending list of ids with one more, whose place is most often the end.
func withID(ids []int64, id int64) []int64 {
	at, _ := slices.BinarySearch(ids, id)
	return slices.Insert(ids, at, id)
}

// withoutID returns a list of ids less one.
func withoutID(ids []int64, id int64) []int64 {
	return slices.DeleteFunc(slices.Clone(ids), func(other int64) bool { return other == id })
}
