// Package rules holds the rule files that come with Deskrules, one folder a
// destination. They are YAML to be read and changed: docs/rules.md is the
// reference of the language.
package rules

import (
	"embed"
	"io/fs"
)

//go:embed */*.yaml
var files embed.FS

// FS gives the embedded rule files, for engine.Load(rules.FS(), folder). The
// folder of each destination is named after it.
func FS() fs.FS { return files }
