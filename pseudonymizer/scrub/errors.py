"""What can be wrong with the scrubber itself; a text it cannot read is dropped, never an error."""

from __future__ import annotations

from policies.errors import ParaventError


class FastScrubbingMissing(ParaventError):
    """The fast engine was asked for and is not installed."""

    code = "fast-scrubbing-missing"
    remedy = "Install the extra `fast` (paravent[fast]), or let the scrubber choose its engine."


class SecondLineMissing(ParaventError):
    """The rulebook declares free text, and a language model that reads it is not installed."""

    code = "second-line-missing"
    remedy = "Install the extra `ner` (paravent[ner]), or declare no property as `free_text`."
