"""The rulebook: what may be done with personal data, as pure rules and plain values."""
