package mutation

import "gopkg.in/yaml.v3"

// topOf reads the mapping that a file is; nil for all else.
func topOf(text string) (*yaml.Node, error) {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		return nil, err
	}
	if len(root.Content) == 0 || root.Content[0].Kind != yaml.MappingNode {
		return nil, nil
	}
	return root.Content[0], nil
}

func isYAML(text string) bool {
	var root yaml.Node
	return yaml.Unmarshal([]byte(text), &root) == nil
}

// value gives what stands behind a key of a mapping; nil where it is not there.
func value(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// each visits the values of a mapping from names.
func each(n *yaml.Node, visit func(*yaml.Node)) {
	if n == nil {
		return
	}
	for i := 1; i < len(n.Content); i += 2 {
		visit(n.Content[i])
	}
}

// scalars gives the texts of a list, or the one that stands in its place.
func scalars(n *yaml.Node) []string {
	if n == nil {
		return nil
	}
	if n.Kind == yaml.ScalarNode {
		return []string{n.Value}
	}
	var texts []string
	for _, item := range n.Content {
		texts = append(texts, item.Value)
	}
	return texts
}
