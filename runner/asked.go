package runner

import (
	"context"

	"github.com/deskrules/deskrules/engine"
)

// askedKey is the key of an engine.Request in a context.
type askedKey struct{}

// Asked gives what the engine asked for, from the context of an HTTP request
// that a [Runner] made: a stand-in for a destination can answer by it. It
// reports false for requests that the engine knows nothing of, such as those for
// access tokens.
func Asked(ctx context.Context) (engine.Request, bool) {
	request, ok := ctx.Value(askedKey{}).(engine.Request)
	return request, ok
}
