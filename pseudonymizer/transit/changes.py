"""How are keys made, rotated and ended in the key service?  It wants the operator's token."""

from __future__ import annotations

from typing import Any

from pseudonymizer.errors import KeyInUse, KeyOlderLeft, KeyUnavailable, KeyUnknown
from pseudonymizer.key_known import Known
from pseudonymizer.key_names import theirs, use_of
from pseudonymizer.key_port import RECIPIENT_PREFIX, USES
from pseudonymizer.transit.answers import MADE_AS, Seen
from pseudonymizer.transit.client import Client, Refused

__all__ = ["destroy_version", "make_missing", "missing", "new_version"]


def missing(known: Known[Seen]) -> list[str]:
    """Give those keys of every installation that the service has not."""
    return [name for name in USES if known.find(name) is None]


def make_missing(client: Client, known: Known[Seen]) -> None:
    """Make those keys, and see that nobody makes one by using a name there is no key of."""
    # Without this the engine makes a key for whoever encrypts under a name it does not know, if
    # their token allows it: a key that was deleted by mistake would come back as another one.
    _change(client, "config/keys", {"disable_upsert": True})
    for name in missing(known):
        _make(client, name)
        known.look(name)


def new_version(client: Client, known: Known[Seen], name: str) -> int:
    """Make a version and give its number; for a recipient nobody made a key for, the first."""
    before = known.find(name)
    if before is not None:
        _change(client, f"keys/{theirs(name)}/rotate", {})
    elif name.startswith(RECIPIENT_PREFIX):
        _make(client, name)
    else:
        raise KeyUnknown("the key service has no such key; `paravent keys make` makes it")
    primary = known.look(name).latest
    if before is not None and primary <= before.latest:
        raise KeyUnavailable("the key service made no version; a new one was needed")
    return primary


def destroy_version(client: Client, known: Known[Seen], name: str, version: int) -> None:
    """Destroy the oldest version there is, for good.

    In two steps: it may not be used any more, then its material goes.  Stopped between them,
    ``attest`` does not call it destroyed, and asking again ends it.
    """
    seen = known.look(name)
    if not 1 <= version <= seen.latest:
        raise KeyUnknown("no such version; one that `paravent keys status` lists was needed")
    if version == seen.latest:
        raise KeyInUse("the version is the primary one; an older one was needed")
    if version > seen.first:
        raise KeyOlderLeft(f"version {seen.first} is left; it had to be destroyed before")
    above, path = version + 1, f"keys/{theirs(name)}"
    if version == seen.first:
        # The floor of new values has to rise with it, or the engine trims nothing.
        floors = {"min_decryption_version": above, "min_encryption_version": max(seen.floor, above)}
        _change(client, f"{path}/config", floors)
    if version >= seen.kept:
        _change(client, f"{path}/trim", {"min_available_version": above})
    if known.look(name).kept <= version:
        raise KeyUnavailable("the key service kept the version; its end was needed")


def _make(client: Client, name: str) -> None:
    _change(client, f"keys/{theirs(name)}", MADE_AS[use_of(name)] | {"exportable": False})


def _change(client: Client, path: str, body: dict[str, Any]) -> None:
    refused = False
    try:
        client.write(path, body)
    except Refused:
        refused = True
    if refused:
        raise KeyUnavailable("the key service refuses the change; it was needed")
