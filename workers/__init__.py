"""The pseudonymous side: events, features and segments over pseudonyms, and nothing of a person."""
