"""Suspect events: sealed for the data protection officer, who looks, replays or discards."""
