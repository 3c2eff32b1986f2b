"""How far do the interleavings go?  One number for all of them."""

from __future__ import annotations

import os

HUNDREDS = int(os.environ.get("INTERLEAVINGS", "10"))
"""Random interleavings, in hundreds."""

DEEP = HUNDREDS >= 100
"""Whether the orderings are those of the long run."""
