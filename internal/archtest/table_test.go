package archtest_test

// A row says what one package may import: the standard library always, and
// what may lists. There, "./x" is package x of this module; anything else is
// an import path with all that is below it.
type row struct {
	pkg string // path below the module's; "/..." at its end: with all below
	may []string
}

const (
	apimachinery = "k8s.io/apimachinery"
	clientGo     = "k8s.io/client-go"
	logr         = "github.com/go-logr/logr" // what client-go's loggers are
	kubeAPI      = "k8s.io/api"
	testify      = "github.com/stretchr/testify"
	sys          = "golang.org/x/sys"
	xnet         = "golang.org/x/net"
	netlink      = "github.com/vishvananda/netlink"
	ebpf         = "github.com/cilium/ebpf"
	gobgp        = "github.com/osrg/gobgp/v3"
	netipx       = "go4.org/netipx"
	prometheus   = "github.com/prometheus/client_golang/prometheus"
	anything     = "*"
)

// table is the architecture. Imports go upwards in it only: a row names no
// package of this module that stands in a later one. A package that is not in
// it fails the test, and so does a row that an import contradicts; rows for
// packages that are yet to come do no harm.
//
// Every package of this module has to find its row here.
var table = []row{
	{"lock", []string{clientGo, kubeAPI, apimachinery}},
	{"lock/locktest", []string{"./lock", testify}},

	{"leaderelection/internal/core", []string{"./lock"}},
	{"leaderelection", []string{"./lock", "./leaderelection/internal/core", clientGo, kubeAPI, apimachinery, sys}},
	{"leaderelection/runnertest", []string{"./leaderelection", "./lock", "./lock/locktest", testify}},
	{"leaderelection/metrics", []string{"./leaderelection", "./lock", prometheus}},

	{"controller", []string{"./leaderelection", clientGo, kubeAPI, apimachinery, logr}},
	{"controller/metrics", []string{"./controller", prometheus}},

	{"ha/shard", []string{"./lock", "./leaderelection"}},
	{"ha/bfd", []string{xnet, sys}},
	{"ha/peer", []string{"./leaderelection", "./ha/bfd"}},
	{"ha/page", nil},
	{"ha", []string{"./lock", "./leaderelection", "./ha/shard", "./ha/page", clientGo, kubeAPI, apimachinery}},
	{"ha/metrics", []string{"./ha", prometheus}},

	{"dataplane/internal/model", nil},
	{"dataplane", []string{netipx}},
	{"dataplane/internal/window", nil},
	{"dataplane/metrics", []string{"./dataplane", prometheus}},
	{"dataplane/xdp", []string{"./dataplane", "./dataplane/internal/window", ebpf, netlink, sys}},
	{"dataplane/vip", []string{"./dataplane", netlink, "github.com/mdlayher/packet", "github.com/mdlayher/arp", "github.com/mdlayher/ndp", sys}},
	{"dataplane/connsync", []string{"./dataplane"}},
	{"dataplane/probe", []string{"./dataplane", xnet}},

	{"bgp", nil},
	{"bgp/gobgp", []string{"./bgp", gobgp}},

	// Tests, developers and examples only: nothing above may import these.
	{"internal/...", []string{anything}},
	{"examples/...", []string{anything}},
}

// links says what a program must not come to link because it imports one of
// the packages.
var links = []struct {
	pkgs []string
	not  []string
}{
	{
		pkgs: []string{"lock", "leaderelection", "controller", "ha", "ha/shard"},
		not: []string{
			gobgp, ebpf, netlink, "github.com/prometheus", "sigs.k8s.io/controller-runtime", testify, "testing",
			"k8s.io/apiextensions-apiserver", "k8s.io/apiserver", "./internal", "./lock/locktest",
		},
	},
	{
		pkgs: []string{"leaderelection/metrics", "controller/metrics", "ha/metrics"},
		not:  []string{gobgp, ebpf, netlink, "sigs.k8s.io/controller-runtime", testify, "testing", "./internal"},
	},
	{
		pkgs: []string{"bgp", "dataplane", "dataplane/connsync", "dataplane/probe", "ha/bfd"},
		not:  []string{gobgp, ebpf, netlink, "k8s.io", "github.com/prometheus", testify, "testing", "./internal"},
	},
}

// pure is what the core of the election may import of the standard library:
// nothing that has state, or that waits.
var pure = []string{"cmp", "errors", "fmt", "maps", "math", "slices", "strconv", "strings", "time"}
