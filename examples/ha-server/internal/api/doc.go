// Package api is the HTTP API of the example. Every replica serves it, whether
// it leads or not, and each may write: what is written are Kubernetes objects,
// which the API server of Kubernetes keeps consistent.
//
//	POST   /api/v1/spaces             {"name":"team-a","owner":"ann","ttl":"24h"}
//	GET    /api/v1/spaces             ?limit=100&continue=…
//	GET    /api/v1/spaces?watch=true  a line of JSON for each change
//	GET    /api/v1/spaces/team-a
//	DELETE /api/v1/spaces/team-a
//
// Each answer has the header Served-By, which names the replica.
package api
