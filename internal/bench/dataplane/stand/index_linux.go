package stand

import "net"

// index is the number of an interface of this namespace.
func index(name string) (int, error) {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return 0, err
	}
	return i.Index, nil
}
