package controller

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// Relation queues objects for changes of others that they depend on, such as
// those that they own.
type Relation struct {
	// Name tells relations apart in logs and errors: "service accounts".
	// Required, and each its own.
	Name string

	// Retriever lists and watches the others, as the controller's own does the
	// objects to handle. It costs memory for all of them on each replica: of
	// client-go's metadata client it keeps their metadata alone. Required.
	Retriever Retriever

	// Keys names the objects to handle when one of the others was added,
	// changed or deleted. Of a change it is asked about the states before and
	// after it, of a deletion about the last known state. Names that the
	// controller's own Retriever has not brought are ignored.
	//
	// It is called while a term goes on, by one goroutine at a time. The
	// informer waits for it, so it has to return at once and ask nobody; it
	// must not change the object. A panic is logged, and names nothing.
	// Required: OwnedBy, OwnedByClusterScoped, or any other.
	Keys func(obj runtime.Object) []types.NamespacedName
}

// OwnedBy returns Relation.Keys for objects whose controller, the owner
// reference with Controller set, is of this kind and in their namespace. Any
// version of the kind's group will do. Other objects, and owners, name nothing.
func OwnedBy(owner schema.GroupKind) func(obj runtime.Object) []types.NamespacedName {
	return ownedBy(owner, metav1.Object.GetNamespace)
}

// OwnedByClusterScoped is OwnedBy for a kind that has no namespaces. References
// do not tell, and what is owned may have one.
func OwnedByClusterScoped(owner schema.GroupKind) func(obj runtime.Object) []types.NamespacedName {
	return ownedBy(owner, func(metav1.Object) string { return metav1.NamespaceNone })
}

// ownedBy returns nil, which Run refuses, for a kind that has no name.
func ownedBy(owner schema.GroupKind, namespace func(metav1.Object) string) func(runtime.Object) []types.NamespacedName {
	if owner.Kind == "" {
		return nil
	}
	return func(obj runtime.Object) []types.NamespacedName {
		owned := metadata(obj)
		ref := metav1.GetControllerOfNoCopy(owned)
		if ref == nil || schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind).GroupKind() != owner {
			return nil
		}
		return []types.NamespacedName{{Namespace: namespace(owned), Name: ref.Name}}
	}
}

// refuseRelations returns all that is wrong with them.
func refuseRelations(relations []Relation) (errs []error) {
	named := make(map[string]int)
	for i, r := range relations {
		refuse := func(field string, value any, bound, mend string) {
			errs = append(errs, &FieldError{Field: fmt.Sprintf("Relations[%d].%s", i, field), Value: value, Bound: bound, Mend: mend})
		}
		first, taken := named[r.Name]
		switch {
		case r.Name == "":
			refuse("Name", `""`, "is required", `say what it watches, such as "service accounts"`)
		case taken:
			refuse("Name", r.Name, fmt.Sprintf("is the name of Relations[%d] too", first), "give each a name of its own")
		default:
			named[r.Name] = i
		}
		if r.Retriever == nil {
			refuse("Retriever", nil, "is required", `pass a Retriever, such as Retrieve(client.CoreV1().ServiceAccounts(""))`)
		}
		if r.Keys == nil {
			refuse("Keys", nil, "is required", `pass a function, such as OwnedBy(schema.GroupKind{Kind: "ConfigMap"}); the kind needs a name`)
		}
	}
	return errs
}
