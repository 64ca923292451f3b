package zendesksim

import (
	"slices"
	"strings"
)

// A wordIndex lists, by each word that stands in emails, the identities that have it, by their ids. Searching by email
// is what everybody does who is about to write a user: without the index each search would look at all users.
type wordIndex map[string][]int64

func (x wordIndex) add(identity *Identity) {
	for _, word := range emailWords(identity) {
		x[word] = withID(x[word], identity.ID)
	}
}

func (x wordIndex) remove(identity *Identity) {
	for _, word := range emailWords(identity) {
		x[word] = withoutID(x[word], identity.ID)
	}
}

// emailWords lists the different words of an email.
func emailWords(identity *Identity) []string {
	if identity.Type != emailIdentity {
		return nil
	}
	words := searchWords(fold(identity.Value))
	slices.Sort(words)
	return slices.Compact(words)
}

// candidates returns users among whom are all that the terms match, in the order of their ids: those whose emails have
// the rarest word that the terms ask for, and all users where no term asks for any.
func (st *store) candidates(terms []term) []*User {
	words := askedWords(terms)
	if len(words) == 0 {
		return st.users.pick(st.users.ids)
	}
	rarest := slices.MinFunc(words, func(a, b string) int { return len(st.emailWords[a]) - len(st.emailWords[b]) })
	var users []int64
	for _, identity := range st.identities.pick(st.emailWords[rarest]) {
		users = append(users, identity.UserID)
	}
	slices.Sort(users)
	return st.users.pick(slices.Compact(users))
}

// askedWords lists the words that the emails of a user need to have for terms to match.
func askedWords(terms []term) (words []string) {
	for _, t := range terms {
		if fold(t.property) == "email" && !t.negated && !strings.Contains(t.value, "*") {
			words = append(words, t.words...)
		}
	}
	return words
}
