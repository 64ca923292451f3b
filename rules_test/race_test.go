//go:build race

package rules_test

// raceDetector reports whether the tests run with it.
const raceDetector = true
