"""The command `paravent`: the composition root of a person at a terminal."""
