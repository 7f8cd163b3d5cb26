// Package web is the load balancer's status page, in the style of the pages of
// package ha, and what programs ask over HTTP:
//
//	/             the page; /status.json: the same for programs, a Page
//	/healthz      ok while this process answers
//	/readyz       ok once what the file says is forwarded, else 503 and why not
//	/metrics      for Prometheus
//	/ha, /leaderz the pages of the ha.Group
//
// It shows addresses and errors to whoever can reach it, so do not serve it to
// the world.
package web
