"""One module per outside format: bytes to wire events, and answers in the dialect's own words."""
