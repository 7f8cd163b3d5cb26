package runnertest

// Reporter is what the rules need of a *testing.T.
type Reporter = reporter

// Rules are the names of the contract's, each with what plays it.
func Rules() map[string]func(Reporter, Subject) {
	rules := make(map[string]func(Reporter, Subject))
	for _, r := range contract() {
		rules[r.name] = r.run
	}
	return rules
}
