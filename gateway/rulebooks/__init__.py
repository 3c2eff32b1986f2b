"""Changing the rulebook of a running installation: proposed, approved, in force everywhere."""
