package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// What the scanner takes is what encoding/json takes, but for what the language
// says besides, and its index is what a reader of tokens sees. What is refused
// beside a key may be a key that was made of half a character: the text is
// mended then, as an event is.
func FuzzScan(f *testing.F) {
	for _, seed := range scanSeeds() {
		f.Add(seed)
	}
	for _, event := range goldenEvents(f) {
		f.Add(event)
		f.Add(`[{"x y":` + event + ",\n\t\"\\u0061\" : [ " + event + " ]}]")
	}
	f.Fuzz(func(t *testing.T, data string) {
		var s scanner
		d := &document{}
		err := s.scan(d, data, 128, 1000)
		if err != nil && strings.Contains(err.Error(), "byte 0") {
			t.Errorf("%q: the place counts from 1: %v", data, err)
		}
		if whole := mendSurrogates(data); whole != data {
			checkMended(t, data, whole)
			data = whole
			err = s.scan(d, data, 128, 1000)
		}
		want := plainPlaces(data, 128, 1000)
		if (err == nil) != (want != nil) {
			t.Fatalf("%q: the scan says %v, and a reader of tokens finds %d values", data, err, len(want))
		}
		if err == nil {
			checkPlaces(t, d, want)
		}
	})
}

func scanSeeds() []string {
	var members, twice strings.Builder
	for i := range 40 {
		fmt.Fprintf(&members, `"k%d":%d,`, i, i)
		fmt.Fprintf(&twice, `"\u006b%d":%d,`, i, i)
	}
	return []string{
		`{"a":1,"b":[true,false,null,"x\u00e9\n",-1.5e+3]}`, `[]`, `{}`, ` 1 `, `"\ud800"`, `01`, `{"a":1]`, `{"a" 1}`, `{"a":tru}`, `{"a":1}x`,
		"\"\x00\"", "\"\xff\"", `{"a":1,"a":2}`, `[[[[]]]]`, `-`, `1.`, `1e`, `"\x"`, `"`, `{`, `{"a"`, `{"a":`, `[1,`, "\xef\xbb\xbf{}",
		`{"a":1,"\u0061":2}`, `{"\ud800\u0041":1,"\ufffd":2}`, `{"\ud800A":1,"\ufffdA":2}`, `{"":{"":{"":[{"":[]}]}}}`, " { \"a\" : [ 1 , { } , [ ] ] , \"b\" : null } ",
		`{` + members.String() + `"k7":0}`, `{` + members.String() + `"k23":0}`, `{` + members.String() + `"k24":0}`, `"\ud800\ud800x"`, `"\ud83d\ud83d\ude00\ude00"`, `{` + members.String() + `"\u006b7":0}`, `{` + twice.String() + `"k39":0}`, `{` + members.String() + `"z":{"k0":[]}}`,
		strings.Repeat("[", 128) + strings.Repeat("]", 128), strings.Repeat("[", 129) + strings.Repeat("]", 129), strings.Repeat(`{"a":`, 127) + `{"a":[]}` + strings.Repeat("}", 127),
		`{"é":"ü","\u00e9":1}`, `{"😀":1,"\ud83d\ude00":2}`, `"\ud83d\ude00\ud83d"`, `[1E+2,-0,0.0,1e400,-0e-0]`, "[1,\r\n2,\t3]", `[1,]`, `{"a":1,}`, `["a\/b\\\"",""]`,
	}
}

// checkMended makes sure that mending changes nothing that encoding/json sees,
// which has its own way with half a character.
func checkMended(t *testing.T, data, whole string) {
	t.Helper()
	if len(whole) != len(data) || mendSurrogates(whole) != whole {
		t.Fatalf("%q is mended to %q, which is of another length or still to be mended", data, whole)
	}
	if !json.Valid([]byte(data)) || !utf8.ValidString(data) {
		return
	}
	if before, after := fmt.Sprintf("%#v", plainDecode(data)), fmt.Sprintf("%#v", plainDecode(whole)); before != after {
		t.Fatalf("%q is mended to %q\nfrom %s\nto %s", data, whole, before, after)
	}
}

// A plainPlace is what a reader of tokens says of one value. What stands inside
// it follows it, up to the place that next counts.
type plainPlace struct {
	key              string
	start, end, next int
}

// plainPlaces gives all values of a text in its order; nil for a text that the
// scanner has to refuse.
func plainPlaces(data string, depth, keys int) []plainPlace {
	if !json.Valid([]byte(data)) || !utf8.ValidString(data) {
		return nil
	}
	w := &placeWalker{data: data, decoder: json.NewDecoder(strings.NewReader(data)), most: keys}
	w.decoder.UseNumber()
	if !w.walk("", depth) {
		return nil
	}
	return w.places
}

type placeWalker struct {
	data    string
	decoder *json.Decoder
	most    int // keys of an object
	places  []plainPlace
}

// walk reads one value. It reports false for one that is nested too deep, or has
// a key twice or too many of them.
func (w *placeWalker) walk(key string, depth int) bool {
	start := int(w.decoder.InputOffset())
	start += len(w.data[start:]) - len(strings.TrimLeft(w.data[start:], " \t\r\n,:"))
	at := len(w.places)
	w.places = append(w.places, plainPlace{key: key, start: start})
	fits := w.inside(w.token(), depth)
	w.places[at].end, w.places[at].next = int(w.decoder.InputOffset()), len(w.places)
	return fits
}

func (w *placeWalker) inside(token json.Token, depth int) bool {
	if _, opens := token.(json.Delim); !opens {
		return true
	}
	fits, seen := depth > 0, map[string]bool{}
	for fits && w.decoder.More() {
		key := ""
		if token == json.Delim('{') {
			key = w.token().(string)
			fits = !seen[key]
			seen[key] = true
		}
		fits = w.walk(key, depth-1) && fits
	}
	return fits && len(seen) <= w.most && w.token() != nil
}

func (w *placeWalker) token() json.Token {
	token, err := w.decoder.Token()
	if err != nil && err != io.EOF {
		panic(err)
	}
	return token
}

func checkPlaces(t *testing.T, d *document, want []plainPlace) {
	t.Helper()
	var got []plainPlace
	for i := range d.places {
		p := &d.places[i]
		place := plainPlace{start: int(p.start), end: int(p.end), next: int(p.next)}
		if p.keyEnd > 0 {
			place.key = p.name(d.text)
			if quoted := d.text[p.key-1 : p.keyEnd+1]; strings.Contains(quoted, `\`) != p.escaped || plainDecode(quoted) != place.key {
				t.Fatalf("%q: the key %s is read as %q, with escapes: %t", d.text, quoted, place.key, p.escaped)
			}
		}
		got = append(got, place)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%q\nhas the places %v\nwant           %v", d.text, got, want)
	}
}

// hostileKeys are keys that look alike in some way, or unlike and are not.
func hostileKeys() []string {
	keys := []string{
		"", "a", "A", "b", "aa", "aA", "Aa", "ab", "ba", "a b", "a.b", "a_b", "A_B", "k", "K", "\u212a", "s", "S", "ſ", "ß", "ẞ", "ss", "SS", "i", "I", "İ", "ı", "é", "É", "e\u0301", "Σ", "σ", "ς",
		"ǆ", "ǅ", "Ǆ", "0", "1", "00", "01", "10", "4155551234", "\x00", "\x7f", "\u0080", "\ufffd", "😀", "\U0001f601", "𐐀", "𐐨", "@", "`", "[", "{", "_", "__proto__", "@this", "#", `a"b`, `a\b`, "a/b", "\n", "\u2028",
		"external_id", "EXTERNAL_ID", "externalid", "Kk", "\u212ak", "kK", "K\u212a", "åÅ", "ÅÅ", "\u212b", "å", "Å", "ſs", "sſ", "Ss",
	}
	for _, n := range []int{6, 7, 8, 9, 15, 16, 17, 63, 64, 65, 300} {
		long := strings.Repeat("xY", n)[:n]
		keys = append(keys, long, strings.ToUpper(long), long[1:]+"z", "é"+long)
	}
	return keys
}

// Keys whose marks differ are different keys, over all pairs of a list.
func TestMarksTellKeysApart(t *testing.T) {
	keys := hostileKeys()
	for _, a := range keys {
		for _, b := range keys {
			checkMarks(t, a, b)
		}
	}
}

// Whatever uses marks to tell keys apart says of any two keys what comparing
// them says.
func FuzzMarks(f *testing.F) {
	for _, key := range hostileKeys() {
		f.Add(key, key)
		f.Add(key, strings.ToUpper(key))
		f.Add(key+"k", key+"\u212a")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a)+len(b) < 1<<10 && utf8.ValidString(a) && utf8.ValidString(b) {
			checkMarks(t, a, b)
			checkMarks(t, a, a)
			checkMarks(t, a, strings.ToUpper(a))
			checkMarks(t, strings.ToTitle(b), strings.ToLower(b))
		}
	})
}

func checkMarks(t *testing.T, a, b string) {
	t.Helper()
	same, alike := a == b, strings.EqualFold(a, b)
	x, anyX := foldedMark(a)
	y, anyY := foldedMark(b)
	if alike && !anyX && !anyY && x != y || same && markOf(a) != markOf(b) {
		t.Fatalf("%q and %q have the marks %d and %d, and in any case %d and %d", a, b, markOf(a), markOf(b), x, y)
	}
	for _, x := range spelled(a) {
		for _, y := range spelled(b) {
			object := "{" + x + ":1," + y + ":2}"
			if err := scanJSON(object, 2, 9); (err != nil) != same {
				t.Fatalf("%s: %v", object, err)
			}
		}
	}
	r := &rest{taken: map[string]string{}}
	if r.take(a, ""); r.takes(b) != same {
		t.Fatalf("a rest without %q takes %q: %t", a, b, !r.takes(b))
	}
	for _, others := range []string{"", strings.Repeat(`,"another one"`, few), `,"Kelvin","b","c","d","e","f","g","h","i"`} {
		s := newSpelling(written(rawValue("[" + quote(a) + others + "]")))
		if as, known := s.of(b); known != (alike || among(s.texts, b)) || (as == b && known) != (same || slices.Contains(s.texts, b)) {
			t.Fatalf("a list of %q and %s has %q: %t, as %q", a, others, b, known, as)
		}
	}
}

func among(texts []string, text string) bool {
	return slices.ContainsFunc(texts, func(other string) bool { return strings.EqualFold(other, text) })
}

// spelled gives ways to write a key in JSON.
func spelled(key string) []string {
	return []string{quote(key), escapedText(key, math.MaxInt), escapedText(key, 1)}
}

// escapedText writes the first so many runes of a text as escapes.
func escapedText(text string, runes int) string {
	var b bytes.Buffer
	b.WriteByte('"')
	for _, r := range text {
		switch plain := quote(string(r)); {
		case runes > 0 && r > 0xffff:
			fmt.Fprintf(&b, `\u%04x\u%04X`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		case runes > 0:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(plain[1 : len(plain)-1])
		}
		runes--
	}
	b.WriteByte('"')
	return b.String()
}
