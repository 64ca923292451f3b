module github.com/deskrules/deskrules/bench

go 1.26.0

require (
	github.com/bytedance/sonic v1.15.5
	github.com/deskrules/deskrules v0.0.0
	github.com/expr-lang/expr v1.17.8
	github.com/google/pprof v0.0.0-20261016150608-1facf8f91b50
	github.com/itchyny/gojq v0.12.20
	github.com/tidwall/gjson v1.20.0
	github.com/tidwall/sjson v1.2.5
	gopkg.in/yaml.v3 v3.0.1
)

require (
	github.com/bytedance/gopkg v0.1.3 // indirect
	github.com/bytedance/sonic/loader v0.5.3 // indirect
	github.com/cloudwego/base64x v0.1.6 // indirect
	github.com/gofrs/flock v0.13.1 // indirect
	github.com/itchyny/timefmt-go v0.1.9 // indirect
	github.com/klauspost/cpuid/v2 v2.2.9 // indirect
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.0 // indirect
	github.com/twitchyliquid64/golang-asm v0.15.1 // indirect
	golang.org/x/arch v0.0.0-20210923205945-b76863e36670 // indirect
	golang.org/x/oauth2 v0.37.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/deskrules/deskrules => ../
