package leaderelection

// SetNonce makes a candidate's nonces and jitter reproducible.
func SetNonce(cfg *Config, nonce string) { cfg.nonce = nonce }
