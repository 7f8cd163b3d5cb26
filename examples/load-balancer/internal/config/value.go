package config

import (
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"
)

// reading is one reading of a file.
type reading struct {
	file   string
	faults []*Fault
}

// value is a part of the file, and where it stands.
type value struct {
	*reading
	node  *yaml.Node // no alias
	line  int        // where it is used
	field string
	// absent: it is where the field would be.
	absent bool
}

// at is a node as a value. An alias is what it stands for.
func (r *reading) at(node *yaml.Node, field string) value {
	v := value{reading: r, node: node, line: node.Line, field: field}
	for v.node.Kind == yaml.AliasNode {
		v.node = v.node.Alias
	}
	return v
}

// fault notes what is wrong with the value.
func (v value) fault(bound, mend string) { v.add(v.line, v.field, v.shown(), bound, mend) }

// shown is the value for people; nothing if it is secret.
func (v value) shown() string {
	switch {
	case v.absent || v.field == "seed":
	case v.node.Kind == yaml.ScalarNode:
		return shown(v.node.Value)
	case v.node.Kind == yaml.SequenceNode:
		return fmt.Sprintf("(a list of %d)", len(v.node.Content))
	}
	return ""
}

// isNull: the field is there, and has no value.
func (v value) isNull() bool {
	return v.node.Kind == yaml.ScalarNode && v.node.ShortTag() == "!!null"
}

// child is the field of a mapping; false if there is none.
func (v value) child(name string) (value, bool) {
	if v.node.Kind != yaml.MappingNode {
		return value{}, false
	}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		if v.node.Content[i].Value == name {
			return v.at(v.node.Content[i+1], join(v.field, name)), true
		}
	}
	return value{}, false
}

// item is one of a list; false if there is none.
func (v value) item(i int) (value, bool) {
	if v.node.Kind != yaml.SequenceNode || i >= len(v.node.Content) {
		return value{}, false
	}
	return v.at(v.node.Content[i], fmt.Sprintf("%s[%d]", v.field, i)), true
}

func join(field, name string) string {
	if field == "" {
		return name
	}
	return field + "." + name
}

// fields are those that a mapping can have, each with what reads it.
type fields map[string]func(value)

// read reads a mapping, and notes what does not belong to it. It returns the
// fields that it has.
func (v value) read(known fields) map[string]value {
	has := make(map[string]value)
	if v.node.Kind != yaml.MappingNode {
		v.fault("is no mapping", fmt.Sprintf("fields and values, of %v", slices.Sorted(maps.Keys(known))))
		return has
	}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key := v.node.Content[i]
		name := key.Value
		field := v.at(v.node.Content[i+1], join(v.field, shown(name)))
		field.line = key.Line
		parse, ok := known[name]
		first, twice := has[name]
		switch {
		case key.Kind != yaml.ScalarNode:
			v.add(key.Line, v.field, "", "has a field without a name", "fields and values")
		case name == "<<":
			field.fault("is not supported", "give the fields themselves, or the whole value as an alias")
		case !ok:
			field.fault("is not known", mendName(name, slices.Collect(maps.Keys(known))))
		case twice:
			field.fault(fmt.Sprintf("is given in line %d as well", first.line), "leave one of them out")
		case field.isNull():
			has[name] = field
			field.fault("has no value", "give it one, or leave the field out")
		default:
			has[name] = field
			parse(field)
		}
	}
	return has
}

// mendName says which name was meant, or which there are.
func mendName(name string, known []string) string {
	if near := Nearest(name, known); len(near) > 0 && Distance(name, near[0]) <= 2 {
		return fmt.Sprintf("%q, or leave it out", near[0])
	}
	slices.Sort(known)
	return fmt.Sprintf("leave it out; there are %v", known)
}

// need notes a field that is missing.
func (v value) need(has map[string]value, name, mend string) {
	if _, ok := has[name]; !ok && v.node.Kind == yaml.MappingNode {
		v.add(v.line, join(v.field, name), "", "is missing", mend)
	}
}

// list reads each of a list.
func (v value) list(each func(i int, item value)) {
	if v.node.Kind != yaml.SequenceNode {
		v.fault("is no list", `"- " before each, or [ ] around them`)
		return
	}
	for i := range v.node.Content {
		item, _ := v.item(i)
		if item.isNull() {
			item.fault("has no value", "give it one, or leave it out")
			continue
		}
		each(i, item)
	}
}
