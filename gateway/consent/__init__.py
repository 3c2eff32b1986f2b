"""Consent acts that reach us outside the event stream: given, refused, withdrawn."""
