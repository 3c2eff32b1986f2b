"""What can be wrong with the scrubber itself; a text it cannot read is dropped, never an error."""

from __future__ import annotations

from policies.errors import ParaventError


class FastScrubbingMissing(ParaventError):
    """The fast engine was asked for and is not installed."""

    code = "fast-scrubbing-missing"
    remedy = "Install the extra `fast` (paravent[fast]), or let the scrubber choose its engine."
