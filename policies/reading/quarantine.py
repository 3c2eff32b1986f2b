"""Which suspect events are set aside, for how long, and whom they are sealed for."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from policies.reading.entry import Entry
from policies.reading.schema_refused import MOST_DAYS
from policies.ruleset import QuarantineRule
from policies.vocabulary import Suspicion

KEY_BYTES: Final = 32


def read_quarantine(file: Entry) -> QuarantineRule:
    """Give the rule; one without reasons sets nothing aside."""
    entry = file.entry("quarantine")
    reasons = entry.texts("reasons")
    if unknown := [each for each in reasons if each not in [*Suspicion]]:
        known = ", ".join(Suspicion)
        entry.fault("reasons", f"{len(unknown)} of these are no reasons", f"Use some of: {known}.")
    days = entry.whole("days", default=MOST_DAYS)
    key = entry.maybe_text("key")
    if key is not None and not _is_key(key):
        entry.fault("key", "this is no public key", "Copy the line `paravent quarantine key` said.")
    if reasons and key is None:
        entry.fault(
            "key",
            "there is nobody to seal for",
            "Make a pair of keys with `paravent quarantine key`, and write the public one here.",
        )
    entry.done()
    file.done()
    return QuarantineRule(reasons, days, key)


def _is_key(said: str) -> bool:
    try:
        return len(base64.b64decode(said, validate=True)) == KEY_BYTES
    except (binascii.Error, ValueError):
        return False
