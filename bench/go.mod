module github.com/deskrules/deskrules/bench

go 1.26.0

require (
	github.com/deskrules/deskrules v0.0.0
	github.com/tidwall/gjson v1.20.0
	gopkg.in/yaml.v3 v3.0.1
)

require (
	github.com/expr-lang/expr v1.17.8 // indirect
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.0 // indirect
	github.com/tidwall/sjson v1.2.5 // indirect
)

replace github.com/deskrules/deskrules => ../
