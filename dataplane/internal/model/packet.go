package model

// Packet is what of a packet's header matters. UDP has none of these.
type Packet struct {
	SYN, FIN, RST bool
}
