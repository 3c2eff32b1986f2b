"""How far do the interleavings go?  One number for all of them."""

from __future__ import annotations

import os

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
HUNDREDS = int(os.environ.get("INTERLEAVINGS", "10" if LONG else "4"))
"""Random interleavings, in hundreds: 4 in the gate, 10 in the long profile."""

DEEP = HUNDREDS >= 100
"""Whether the orderings are those of the long run."""
