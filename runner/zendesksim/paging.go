package zendesksim

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Lists come in pages of two styles: by offset (page, per_page) and by cursor (page[size], page[after], page[before]).
// https://developer.zendesk.com/api-reference/introduction/pagination/
const (
	maxPageSize    = 100
	maxOffsetDepth = 10_000
)

// A listing is a whole list, of which a request gets one page.
type listing[T any] struct {
	name    string // the member of the answer that holds the page
	records []*T
	id      func(*T) string
	show    func(*T) any
}

// page answers a request for a list in the style that it asks for. Where it asks for both,
// which Zendesk does not document, the cursor wins.
func (l listing[T]) page(c *call) (reply, error) {
	if wantsCursor(c.query) {
		return l.cursorPage(c)
	}
	return l.offsetPage(c)
}

func wantsCursor(query url.Values) bool {
	return query.Has("page[size]") || query.Has("page[after]") || query.Has("page[before]")
}

// offsetPage answers with the page that page and per_page ask for.
func (l listing[T]) offsetPage(c *call) (reply, error) {
	page, err := positive(c, "page", 1)
	if err != nil {
		return reply{}, err
	}
	size, err := positive(c, "per_page", maxPageSize)
	if err != nil {
		return reply{}, err
	}
	size = min(size, maxPageSize) // Zendesk does not document a refusal; the simulator clamps.
	if page-1 >= maxOffsetDepth/size {
		return reply{}, tooDeep()
	}
	start := min((page-1)*size, len(l.records))
	end := min(start+size, len(l.records))
	body := map[string]any{
		l.name:          l.shown(start, end),
		"count":         len(l.records),
		"next_page":     nil,
		"previous_page": nil,
	}
	if end < len(l.records) {
		body["next_page"] = c.self(with(c.query, "page", strconv.Itoa(page+1)))
	}
	if page > 1 {
		body["previous_page"] = c.self(with(c.query, "page", strconv.Itoa(page-1)))
	}
	return ok(body), nil
}

func (l listing[T]) shown(start, end int) []any {
	shown := make([]any, 0, end-start)
	for _, record := range l.records[start:end] {
		shown = append(shown, l.show(record))
	}
	return shown
}

// positive reads a number of the query. Zendesk does not document what becomes of zero, negative numbers and words;
// the simulator refuses them.
func positive(c *call, name string, byDefault int) (int, error) {
	text := c.query.Get(name)
	if text == "" {
		return byDefault, nil
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 {
		return 0, invalidPagination(name)
	}
	return number, nil
}

func invalidPagination(name string) error {
	return coded(http.StatusBadRequest, "InvalidPaginationParameter", name+" is not valid")
}

func tooDeep() error {
	return coded(http.StatusBadRequest, "InvalidPaginationDepth",
		fmt.Sprintf("Offset pagination ends after %d records", maxOffsetDepth))
}

// with returns a query with one parameter replaced.
func with(query url.Values, name, value string) url.Values {
	query = maps.Clone(query)
	query.Set(name, value)
	return query
}

// cursorPage answers with the page after page[after], or before page[before], or else with the first one.
func (l listing[T]) cursorPage(c *call) (reply, error) {
	start, end, err := l.window(c.query)
	if err != nil {
		return reply{}, err
	}
	links, meta := l.neighbours(c, start, end)
	return ok(map[string]any{l.name: l.shown(start, end), "links": links, "meta": meta}), nil
}

// window returns the bounds of the page that a query asks for.
func (l listing[T]) window(query url.Values) (start, end int, err error) {
	size, err := pageSize(query)
	if err != nil {
		return 0, 0, err
	}
	switch {
	case query.Has("page[before]"):
		end, _, err = l.locate(query, "page[before]")
		return max(0, end-size), end, err
	case query.Has("page[after]"):
		_, start, err = l.locate(query, "page[after]")
	}
	return start, min(start+size, len(l.records)), err
}

func pageSize(query url.Values) (int, error) {
	if !query.Has("page[size]") {
		return maxPageSize, nil
	}
	size, err := strconv.Atoi(query.Get("page[size]"))
	if err != nil || size < 1 || size > maxPageSize {
		return 0, invalidPagination("page[size]")
	}
	return size, nil
}

// neighbours returns the links and the meta of a cursor page. The links lead on even where has_more is false,
// as recorded from real accounts; only an empty page has none.
func (l listing[T]) neighbours(c *call, start, end int) (links, meta map[string]any) {
	hasMore := end < len(l.records)
	if c.query.Has("page[before]") {
		hasMore = start > 0
	}
	links = map[string]any{"next": nil, "prev": nil}
	meta = map[string]any{"has_more": hasMore, "after_cursor": nil, "before_cursor": nil}
	if start == end {
		return links, meta
	}
	before, after := l.cursor(start), l.cursor(end-1)
	meta["before_cursor"], meta["after_cursor"] = before, after
	query := maps.Clone(c.query)
	query.Del("page[before]")
	links["next"] = c.self(with(query, "page[after]", after))
	query.Del("page[after]")
	links["prev"] = c.self(with(query, "page[before]", before))
	return links, meta
}

// cursor names the record at a position. It carries the position too, which is where the list goes on
// when the record has been deleted in the meantime.
func (l listing[T]) cursor(position int) string {
	text := strconv.Itoa(position) + ":" + l.id(l.records[position])
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

// locate returns where a list is cut by a cursor of the query: the end of what comes before its record,
// and the start of what comes after it.
func (l listing[T]) locate(query url.Values, name string) (before, after int, err error) {
	text, err := base64.RawURLEncoding.DecodeString(query.Get(name))
	digits, id, _ := strings.Cut(string(text), ":")
	position, numberErr := strconv.Atoi(digits)
	if err != nil || numberErr != nil || position < 0 {
		return 0, 0, invalidPagination(name)
	}
	at := slices.IndexFunc(l.records, func(record *T) bool { return l.id(record) == id })
	if at < 0 {
		position = min(position, len(l.records))
		return position, position, nil
	}
	return at, at + 1, nil
}
