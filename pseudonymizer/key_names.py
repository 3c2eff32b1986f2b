"""What are our keys called in the key service, and what is each of them for?"""

from __future__ import annotations

import re
from typing import Final

from pseudonymizer.errors import KeyUnknown
from pseudonymizer.key_port import RECIPIENT_PREFIX, USES, Use

__all__ = ["ours", "theirs", "use_of"]

# What a service lists is one installation's own (a mount, a token, a prefix), so a key needs no
# further mark.  The services' names have no colon; no key of ours but those of recipients begins
# with "rec-", so no two names meet.
_THEIR_PREFIX: Final = "rec-"
_RECIPIENT: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")  # as a rulebook may name one


def theirs(name: str) -> str:
    """Give what the service calls the key *name*.

    Raises:
        KeyUnknown: no key of ours has this name.
    """
    if name in USES:
        return name
    recipient = name.removeprefix(RECIPIENT_PREFIX)
    if recipient == name or not _RECIPIENT.fullmatch(recipient):
        raise KeyUnknown("no key has this name; a known one or rec:<recipient> was needed")
    return _THEIR_PREFIX + recipient


def ours(name: str) -> str | None:
    """Give what we call the service's key *name*; ``None`` means that it is none of ours."""
    recipient = name.removeprefix(_THEIR_PREFIX)
    if recipient != name and _RECIPIENT.fullmatch(recipient):
        return RECIPIENT_PREFIX + recipient
    return name if name in USES else None


def use_of(name: str) -> Use:
    """Give what the key *name* is for; every recipient's makes pseudonyms."""
    return USES.get(name, "mac")
