"""How does a subject's history become numbers? By one pure fold, and pure readings of it."""
