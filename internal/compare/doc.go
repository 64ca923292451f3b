// Package compare says how the requests that two versions of rules make of the
// same events differ.
//
// Each version has an account of its own, so the ids that the two accounts give
// to the same thing differ as soon as one version creates something that the
// other does not. Such ids are no difference of the rules. A [Pair] therefore
// follows both versions through all their answers:
//
//   - A value is an id where an answer holds it, it looks like one, and nobody has
//     sent it before: neither an event nor a request, nor is it part of the account
//     that both began with. What the account gave out is not in any event.
//   - Two ids mean the same where they stand at the same place of the answers to
//     the same request, or, where neither has been seen with another yet, where
//     both versions send them at the same place.
//   - From then on each stands for the other, and for nothing else: a request that
//     is about another user is a change, even where the two ids are equal.
//
// Within one event, requests are paired in their order such that as much as
// possible stays the same ([Pair.Compare]).
package compare
