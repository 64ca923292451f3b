package zendesksim

import (
	"strings"
	"time"
)

// A store is the state of the account and the operations that keep it consistent. It knows nothing of HTTP but the
// refusals that its checks return. Changes never fail: whatever could refuse one is checked before.
type store struct {
	opts *Options
	ids  idSequence

	users       *table[User]
	externalIDs map[string]int64 // user ids by folded external id

	identities   *table[Identity]
	addresses    map[address]int64 // identity ids by what is unique about them
	emailWords   wordIndex
	identitiesOf map[int64][]int64 // identity ids by user id, oldest first

	userFields         *fieldSet
	organizationFields *fieldSet

	organizations           *table[Organization]
	organizationNames       map[string]int64 // organization ids by folded name
	organizationExternalIDs map[string]int64 // organization ids by folded external id

	memberships   *table[Membership]
	membershipsOf map[int64][]int64 // membership ids by user id, oldest first

	events       map[int64][]*Event // by user id, in the order of their arrival
	eventCount   int64              // events ever received, which numbers them
	eventKinds   kinds
	profileKinds kinds

	unindexed  map[int64]time.Time // when the index learns of users and addresses, by their ids
	references map[int64]string    // by id, of the records that were asked for, see references.go
}

func newStore(opts *Options) *store {
	return &store{
		opts:                    opts,
		ids:                     idSequence{next: firstID},
		users:                   newTable[User](),
		externalIDs:             map[string]int64{},
		identities:              newTable[Identity](),
		addresses:               map[address]int64{},
		emailWords:              wordIndex{},
		identitiesOf:            map[int64][]int64{},
		userFields:              newFieldSet(userFieldKind()),
		organizationFields:      newFieldSet(organizationFieldKind()),
		organizations:           newTable[Organization](),
		organizationNames:       map[string]int64{},
		organizationExternalIDs: map[string]int64{},
		memberships:             newTable[Membership](),
		membershipsOf:           map[int64][]int64{},
		events:                  map[int64][]*Event{},
		eventKinds:              newKinds(),
		profileKinds:            newKinds(),
		unindexed:               map[int64]time.Time{},
		references:              map[int64]string{},
	}
}

// now returns the time in the resolution that the API shows.
func (st *store) now() time.Time {
	return st.opts.Now().UTC().Truncate(time.Second)
}

// fold makes texts equal that Zendesk compares without regard to case.
func fold(text string) string {
	return strings.ToLower(text)
}

// Ids look like those of today's accounts: integers of 14 digits. Ids are assigned below lastID only.
const (
	firstID = 26_140_000_000_001
	lastID  = 99_999_999_999_999
)

// An idSequence assigns the ids of all kinds of records, so that no two records have the same one.
type idSequence struct {
	next int64
}

func (s *idSequence) assign() int64 {
	id := s.next
	s.next++
	return id
}

// reserve keeps an id that a seed brings along from being assigned again.
func (s *idSequence) reserve(id int64) {
	if id >= s.next && id < lastID {
		s.next = id + 1
	}
}
