"""What is written down in the token about each version of a key?

A data object beside the key says when the version was made and which key it is; a second one says
that its end was asked for.  So a version that was destroyed is remembered as that, and one that
was lost is not taken for it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pkcs11 import Attribute, ObjectClass

from pseudonymizer.errors import KeyUnavailable
from pseudonymizer.key_names import ours, theirs

__all__ = ["Record", "label", "records", "strike", "write"]

APPLICATION: Final = "paravent"
_LABEL: Final = re.compile(r"paravent/([a-z0-9_-]{1,60})/([1-9][0-9]{0,8})(/destroyed)?")


@dataclass(frozen=True, slots=True)
class Record:
    """What is written down about a version.

    Attributes:
        identity: the CKA_ID of its key, in hexadecimal; drawn at random, so no two are the same.
        made_at: when it was made.
        public: the public half of a signer, in hexadecimal; it outlives the private one.
        ended: whether its end was asked for.
    """

    identity: str
    made_at: str
    public: str = ""
    ended: bool = False


def label(name: str, number: int) -> str:
    """Give what a version of the key *name* is called in the token."""
    return f"{APPLICATION}/{theirs(name)}/{number}"


def records(session: Any) -> dict[tuple[str, int], Record]:  # noqa: ANN401 -- the wrapper's types
    """Read everything that is written down.

    Raises:
        KeyUnavailable: something about one version is written twice: two processes are making it.
    """
    made: dict[tuple[str, int], Record] = {}
    ended: set[tuple[str, int]] = set()
    wanted = {Attribute.CLASS: ObjectClass.DATA, Attribute.APPLICATION: APPLICATION}
    for found in list(session.get_objects(wanted)):
        values = found.get_attributes([Attribute.LABEL, Attribute.VALUE])
        version, is_end = _version(str(values.get(Attribute.LABEL, "")))
        if version is None:
            continue
        if is_end:
            ended.add(version)
        elif version in made:
            raise KeyUnavailable("a version is written down twice; once was needed")
        else:
            made[version] = _read(values.get(Attribute.VALUE, b""))
    return {
        version: Record(one.identity, one.made_at, one.public, ended=version in ended)
        for version, one in made.items()
    }


def write(session: Any, name: str, number: int, record: Record) -> Any:  # noqa: ANN401
    """Write a version down; give the object."""
    value = {"made_at": record.made_at, "id": record.identity, "public": record.public}
    return _create(session, label(name, number), value)


def strike(session: Any, name: str, number: int) -> None:  # noqa: ANN401
    """Write down that the end of a version was asked for."""
    asked_at = datetime.now(UTC).isoformat(timespec="seconds")
    _create(session, label(name, number) + "/destroyed", {"asked_at": asked_at})


def _create(session: Any, text: str, value: dict[str, str]) -> Any:  # noqa: ANN401
    return session.create_object({
        Attribute.CLASS: ObjectClass.DATA,
        Attribute.TOKEN: True,
        Attribute.PRIVATE: True,
        Attribute.APPLICATION: APPLICATION,
        Attribute.LABEL: text,
        Attribute.VALUE: json.dumps(value).encode(),
    })  # fmt: skip


def _version(text: str) -> tuple[tuple[str, int] | None, bool]:
    found = _LABEL.fullmatch(text)
    name = ours(found[1]) if found else None
    if found is None or name is None:
        return None, False
    return (name, int(found[2])), found[3] is not None


def _read(raw: bytes) -> Record:
    try:
        value = json.loads(raw)
        made_at = datetime.fromisoformat(value["made_at"]).isoformat(timespec="seconds")
        identity, public = bytes.fromhex(value["id"]), bytes.fromhex(value["public"])
    except (ValueError, KeyError, TypeError):
        # Raised without a cause: the parser's own message would quote the token.
        raise KeyUnavailable("what the token says of a version makes no sense") from None
    return Record(identity.hex(), made_at, public.hex())
