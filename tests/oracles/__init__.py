"""Other people's programs that say what ours should: each in a folder of its own, not installed."""
