"""The edge: the only package that sees both the identified and the pseudonymous side."""
