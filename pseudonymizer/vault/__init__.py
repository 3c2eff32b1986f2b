"""The vault: who is behind which key, sealed, in a database of its own."""
