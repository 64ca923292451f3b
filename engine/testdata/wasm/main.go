// The smallest program that uses the engine, to see that it builds for a
// browser and how large it gets: make wasm.
package main

import (
	"os"

	"github.com/deskrules/deskrules/engine"
	"github.com/deskrules/deskrules/rules"
)

func main() {
	program, err := engine.Load(rules.FS(), os.Args[1])
	if err != nil {
		panic(err)
	}
	config, err := program.Configure(program.Examples())
	if err != nil {
		panic(err)
	}
	request, _ := config.Start([]byte(os.Args[2])).Next()
	os.Stdout.Write(request.Body)
}
