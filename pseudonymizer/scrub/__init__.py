"""Finds people in texts: decode, look cheaply at everything, look closely at what may match."""
