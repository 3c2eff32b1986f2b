"""From a pseudonym back to the person: asked by one, approved by another, opened once, or never."""
