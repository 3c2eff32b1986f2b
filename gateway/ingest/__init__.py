"""An event's way in: decode, decide, minimise, pseudonymise, store in one commit, answer."""
