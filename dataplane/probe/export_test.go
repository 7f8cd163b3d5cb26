package probe

// EchoRequest makes the message, IsEchoReply judges a packet.
var (
	EchoRequest = echoRequest
	IsEchoReply = isEchoReply
)
