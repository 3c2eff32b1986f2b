"""The identified side: keys, derivation and the vault.  Nothing else stores a direct identifier."""
