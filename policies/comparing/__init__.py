"""What a change of the rulebook would do: ``compare`` two of them."""

from policies.comparing.changes import Change, Effect
from policies.comparing.rulebooks import compare

__all__ = ["Change", "Effect", "compare"]
