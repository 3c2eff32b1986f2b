"""Where a word or a number begins and ends in a pattern; an underscore divides, as in "n_siren"."""

from __future__ import annotations

from typing import Final

BEGIN: Final = r"(?<![^\W_])"
END: Final = r"(?![^\W_])"
EDGE: Final = r"(?:^|[\W_])"  # says BEGIN to an engine that cannot look back
