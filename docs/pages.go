// Package docs holds the pages that the command takes words from.
package docs

import _ "embed"

//go:embed rules.md
var rules string

// Rules is the reference of the rule language, as Markdown.
func Rules() string { return rules }
