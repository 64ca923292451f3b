package ruletest

import (
	"context"

	"github.com/deskrules/deskrules/engine"
)

// Fill plays a case that is being written, and returns its text with what
// happened in place of what it wants. All other bytes stay as they are.
func Fill(ctx context.Context, program *engine.Program, file []byte, o Options) ([]byte, error) {
	c, err := parse(file)
	if err != nil {
		return nil, err
	}
	comparisons, err := c.play(ctx, program, o)
	if err != nil {
		return nil, err
	}
	return updated(file, comparisons), nil
}

// updated is a case with what happened, where that is not what it wants.
func updated(file []byte, comparisons []comparison) []byte {
	for _, c := range comparisons {
		if !c.equal() {
			file = replace(file, c.name, c.got)
		}
	}
	return file
}
