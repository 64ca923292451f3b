package main

import "testing"

// Where there is no report it is all that tells what to send again.
func TestMissingNamesEveryEvent(t *testing.T) {
	d := &delivery{}
	for line := 250; line > 0; line-- {
		if line != 17 {
			d.unrecorded = append(d.unrecorded, place{file: "a", line: line})
		}
	}
	for element := range 3 {
		d.unrecorded = append(d.unrecorded, place{input: 1, file: "b", line: 1, element: element + 1})
	}
	d.unrecorded = append(d.unrecorded,
		place{input: 2, file: "c", line: 2, last: 4}, place{input: 2, file: "c", line: 5}, place{input: 2, file: "c", line: 9})
	const want = "a:1 to a:16, a:18 to a:250, b:1 (element 1) to b:1 (element 3), c:2 to c:5, c:9"
	if got := d.missing(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
