// Package cptest gives tests a real control plane.
//
// # Usage
//
// Declare one [Shared] for all tests of a package:
//
//	var plane cptest.Shared
//
//	func TestMain(m *testing.M) { os.Exit(plane.Run(m)) }
//
//	func TestElection(t *testing.T) {
//		cfg := plane.Get(t).Config()
//		namespace := plane.Namespace(t)
//		...
//	}
//
// It starts at the first Get, so that a run of other tests does not wait for
// it. A test that takes the API server down, or that sets flags, uses [Start],
// which gives it a control plane of its own.
//
// # Guarantees
//
// Where no control plane can be provided, tests skip and name what is missing;
// with CI=true in the environment they fail instead. A control plane that is
// provided and does not start is always a failure. Progress goes to standard
// error, because the testing package shows a test's own log only at its end.
package cptest
