package engine

import "testing"

func TestBaseURL(t *testing.T) {
	for value, fine := range map[string]bool{
		"https://crm.example/":               true,
		"https://{config.team}.crm.example/": true,
		"{config.url}":                       true,
		"http{config.s}://crm.example":       true,
		"http://localhost:8080/":             true,
		"http://127.0.0.1/":                  true,
		"http://[::1]:{config.port}/":        true,
		"http://{config.host}/":              true,
		"http://crm.example/":                false,
		"http://a{config.host}/":             false,
		"ftp://crm.example/":                 false,
		"crm.example/":                       false,
		"crm-{config.team}.example":          false,
		"https://crm.example/?a=b":           false,
		"https://crm.example/#a":             false,
		"https://a:b@crm.example/":           false,
		"https://{{config.team}}/":           false,
	} {
		c := &compiler{collector: &collector{}}
		src := newSource("destination.yaml", value)
		c.baseURL(text{value: value, at: span{src, 0, len(value)}})
		if c.hasErrors() == fine {
			t.Errorf("%s: fine is %v, got %v", value, fine, c.found)
		}
	}
}
