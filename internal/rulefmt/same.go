package rulefmt

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// sameMeaning reports whether two texts say the same: every value, written in
// the same style, behind the same key, and every comment. The order of keys may
// differ.
func sameMeaning(a, b string) bool {
	if a == b {
		return true
	}
	x, y := document(a), document(b)
	return x != nil && y != nil && sameNode(x, y) && slices.Equal(comments(x), comments(y))
}

func sameNode(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.Tag != b.Tag || a.Value != b.Value || a.Style != b.Style || a.Anchor != b.Anchor || len(a.Content) != len(b.Content) {
		return false
	}
	if a.Kind == yaml.MappingNode {
		return sameMembers(a, b)
	}
	return slices.EqualFunc(a.Content, b.Content, sameNode)
}

// sameMembers compares mappings. A key that stands twice is not the same as
// anything: which one counts would depend on the order.
func sameMembers(a, b *yaml.Node) bool {
	values := map[string]*yaml.Node{}
	for i := 0; i+1 < len(b.Content); i += 2 {
		values[b.Content[i].Value] = b.Content[i+1]
	}
	if len(values) != len(b.Content)/2 {
		return false
	}
	for i := 0; i+1 < len(a.Content); i += 2 {
		other := values[a.Content[i].Value]
		if other == nil || !sameNode(a.Content[i+1], other) {
			return false
		}
	}
	return true
}

// comments lists the lines of all comments, sorted: the library is not of one
// mind about which node a comment belongs to.
func comments(n *yaml.Node) []string {
	var all []string
	var collect func(n *yaml.Node)
	collect = func(n *yaml.Node) {
		for _, comment := range []string{n.HeadComment, n.LineComment, n.FootComment} {
			for line := range strings.SplitSeq(comment, "\n") {
				if line != "" {
					all = append(all, line)
				}
			}
		}
		for _, child := range n.Content {
			collect(child)
		}
	}
	collect(n)
	slices.Sort(all)
	return all
}
