// Package control is how people ask a load balancer that runs: a server on a
// unix socket, HTTP within, and the subcommands that are its clients.
//
//	GET  /v1/report                          a balancer.Report
//	GET  /v1/flows?vip=&endpoint=&client=    a Flow on each line, as they are read
//	POST /v1/drain?endpoint=                 Endpoints
//	POST /v1/undrain?endpoint=               Endpoints
//
// What is refused is answered with a status of 400 or more, and a Refusal. The
// socket is its owner's only (0600): whoever can use it may drain endpoints.
package control
