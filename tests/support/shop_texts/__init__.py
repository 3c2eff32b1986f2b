"""Texts as a shop's searches, titles, labels and forms hold them, and what of a person is in each.

Made from a seed, by a recipe that docs/scrubbing.md tells: how people and programs write these
things, not what the recognisers look for.  Nothing here imports the product, and the check digits
are reckoned again.
"""
