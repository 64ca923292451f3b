package main

import "testing"

func TestNearestPath(t *testing.T) {
	s := shape{}
	s.add([]byte(`{"traits":{"company":{"id":1},"list":[{"a":1}],"email":""},"context":{"page":{"url":"x"},"compny":1}}`))
	for at, want := range map[string]string{
		"event.traits.compny":     "event.traits.company",
		"event.traits.url":        "", // that of the page is another one
		"event.traits.name":       "", // a list is none
		"event.traits.emai":       "", // read already
		"event.traits.id":         "", // neither its parent nor what is below another
		"event.trait":             "event.traits",
		"event.traits.compnay.id": "event.traits.company.id",
		"event.zzzzzzzzzzz":       "",
	} {
		if got := s.nearest(at, []rulePath{{places: []string{"event.traits.email"}}}); got != want {
			t.Errorf("nearest(%s) = %q, want %q", at, got, want)
		}
	}
	for at, want := range map[string]bool{"event.traits.list.0.a": true, "event.traits.email": true, "event.traits.name": false} {
		if got := s.has(at); got != want {
			t.Errorf("has(%s) = %t", at, got)
		}
	}
	if got := s["event.traits.email"]["empty"]; got != 1 {
		t.Errorf("an empty text is counted as %v", s["event.traits.email"])
	}
}
