package main

import (
	"fmt"
	"go/types"
	"strings"
)

// writer collects the lines of one package.
type writer struct {
	pkg   *types.Package
	lines []string
}

func (w *writer) linef(format string, args ...any) {
	w.lines = append(w.lines, fmt.Sprintf(format, args...))
}

// text writes a type as it reads outside the package: with import paths, so
// that two packages of one name are told apart, and without the names of
// parameters, which nobody depends on.
func (w *writer) text(t types.Type) string {
	switch t := t.(type) {
	case *types.Signature:
		return "func" + w.signature(t)
	case *types.Pointer:
		return "*" + w.text(t.Elem())
	case *types.Slice:
		return "[]" + w.text(t.Elem())
	case *types.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), w.text(t.Elem()))
	case *types.Map:
		return "map[" + w.text(t.Key()) + "]" + w.text(t.Elem())
	}
	return types.TypeString(t, func(p *types.Package) string {
		if p == w.pkg {
			return ""
		}
		return p.Path()
	})
}

func (w *writer) object(object types.Object) {
	switch o := object.(type) {
	case *types.Const:
		w.linef("const %s %s = %s", o.Name(), w.text(o.Type()), o.Val().ExactString())
	case *types.Var:
		w.linef("var %s %s", o.Name(), w.text(o.Type()))
	case *types.Func:
		w.linef("func %s%s", o.Name(), w.signature(o.Signature()))
	case *types.TypeName:
		w.typeName(o)
	}
}

func (w *writer) typeName(o *types.TypeName) {
	if o.IsAlias() {
		w.linef("type %s = %s", o.Name(), w.text(types.Unalias(o.Type())))
		return
	}
	named, ok := o.Type().(*types.Named)
	if !ok {
		w.linef("type %s %s", o.Name(), w.text(o.Type()))
		return
	}
	name := o.Name() + w.typeParams(named.TypeParams())
	switch under := named.Underlying().(type) {
	case *types.Struct:
		w.structure(name, under)
	case *types.Interface:
		// One line: a method more breaks who implements it.
		w.linef("type %s interface { %s }", name, strings.Join(w.interfaceLines(under), "; "))
	default:
		w.linef("type %s %s", name, w.text(under))
	}
	w.methods(name, named)
}

func (w *writer) structure(name string, s *types.Struct) {
	comparable := ""
	if types.Comparable(s) {
		comparable = " (comparable)"
	}
	w.linef("type %s struct%s", name, comparable)
	for f := range s.Fields() {
		switch {
		case f.Exported() && f.Embedded():
			w.linef("field %s embeds %s%s", name, w.text(f.Type()), tag(s, f))
		case f.Exported():
			w.linef("field %s.%s %s%s", name, f.Name(), w.text(f.Type()), tag(s, f))
		}
	}
}

func tag(s *types.Struct, field *types.Var) string {
	for i := range s.NumFields() {
		if s.Field(i) == field && s.Tag(i) != "" {
			return fmt.Sprintf(" %q", s.Tag(i))
		}
	}
	return ""
}

func (w *writer) interfaceLines(i *types.Interface) (all []string) {
	hidden := false
	for m := range i.Methods() { // sorted by name; embedded ones are among them
		if m.Exported() {
			all = append(all, m.Name()+w.signature(m.Signature()))
		} else {
			hidden = true
		}
	}
	for t := range i.EmbeddedTypes() {
		if _, union := t.(*types.Union); union {
			all = append(all, w.text(t))
		}
	}
	if hidden {
		all = append(all, "unexported methods")
	}
	return all
}

// methods lists the method set of the type and of its pointer, those of
// embedded types included.
func (w *writer) methods(name string, named *types.Named) {
	if types.IsInterface(named) {
		return
	}
	value := types.NewMethodSet(named)
	pointer := types.NewMethodSet(types.NewPointer(named))
	for s := range pointer.Methods() {
		m, ok := s.Obj().(*types.Func)
		if !ok || !m.Exported() {
			continue
		}
		receiver := "*" + name
		if value.Lookup(m.Pkg(), m.Name()) != nil {
			receiver = name
		}
		w.linef("method (%s) %s%s", receiver, m.Name(), w.signature(m.Signature()))
	}
}

func (w *writer) typeParams(params *types.TypeParamList) string {
	if params.Len() == 0 {
		return ""
	}
	var all []string
	for p := range params.TypeParams() {
		all = append(all, p.Obj().Name()+" "+w.text(p.Constraint()))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

func (w *writer) signature(s *types.Signature) string {
	text := w.typeParams(s.TypeParams()) + "(" + strings.Join(w.tuple(s.Params(), s.Variadic()), ", ") + ")"
	switch results := w.tuple(s.Results(), false); len(results) {
	case 0:
		return text
	case 1:
		return text + " " + results[0]
	default:
		return text + " (" + strings.Join(results, ", ") + ")"
	}
}

func (w *writer) tuple(t *types.Tuple, variadic bool) (all []string) {
	for v := range t.Variables() {
		all = append(all, w.text(v.Type()))
	}
	if last := len(all) - 1; variadic && last >= 0 {
		all[last] = "..." + strings.TrimPrefix(all[last], "[]")
	}
	return all
}
