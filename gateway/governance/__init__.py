"""Evidence: what is processed, why and for how long, from what runs and not from a page."""
