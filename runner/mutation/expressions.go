package mutation

import "strings"

// A swap is an expression with one operator changed.
type swap struct{ text, change string }

// swaps changes each operator of an expression in turn, outside of texts.
func swaps(expression string) []swap {
	var all []swap
	for i := 0; i < len(expression); i++ {
		if c := expression[i]; c == '"' || c == '\'' || c == '`' {
			i = textEnd(expression, i)
			continue
		}
		for _, o := range operators() {
			if strings.HasPrefix(expression[i:], o[0]) {
				text := expression[:i] + o[1] + expression[i+len(o[0]):]
				all = append(all, swap{text, strings.TrimSpace(o[1]) + " for " + strings.TrimSpace(o[0])})
				i += len(o[0]) - 1
				break
			}
		}
	}
	return all
}

// operators lists what is put in the place of what: the longer ones first.
func operators() [][2]string {
	return [][2]string{
		{"<=", "<"}, {">=", ">"}, {"==", "!="}, {"!=", "=="}, {"&&", "||"}, {"||", "&&"},
		{"<", "<="}, {">", ">="}, {" and ", " or "}, {" or ", " and "},
	}
}

// textEnd gives the closing quote of a text.
func textEnd(expression string, at int) int {
	quote := expression[at]
	for i := at + 1; i < len(expression); i++ {
		switch {
		case expression[i] == '\\' && quote != '`':
			i++
		case expression[i] == quote:
			return i
		}
	}
	return len(expression)
}
