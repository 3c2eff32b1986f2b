"""What has the key service said?  Pure: every answer is what was asked for, or counts as none."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pseudonymizer.errors import KeyServiceInvalid, KeyUnavailable
from pseudonymizer.key_port import Use

__all__ = ["MADE_AS", "Seen", "macs", "plaintext", "seen", "tagged", "text"]

PUBLIC_BYTES: Final = 32
MAC_BYTES: Final = 32

MADE_AS: Final[dict[Use, dict[str, Any]]] = {
    "mac": {"type": "hmac", "key_size": 32},
    "wrap": {"type": "aes256-gcm96", "derived": True},
    "sign": {"type": "ed25519", "derived": False},
}
"""How a key is made for each use.  The key that wraps is derived: a row's own key comes from the
context by HKDF, so what is wrapped for one row opens for no other, and it can be rewrapped inside
the service, which associated data could not (Vault's rewrap takes none)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the service says of a key.

    Attributes:
        latest: the version that makes new values.
        first: the oldest that may be used.
        kept: the oldest whose material there is; below *first* while a destruction is half done.
        floor: the oldest that may make new values; 0 means any.
        made: when each was made, where the service says so.
        public: the public halves of a signer.
    """

    latest: int
    first: int
    kept: int
    floor: int
    made: dict[int, str]
    public: dict[int, bytes]

    @property
    def live(self) -> tuple[int, ...]:
        """The versions that may be computed with."""
        return tuple(range(self.first, self.latest + 1))

    @property
    def withheld(self) -> tuple[int, ...]:
        """None: a version below *first* is one whose destruction has begun."""
        return ()

    @property
    def identities(self) -> dict[int, str]:
        """None: the engine knows its versions by their numbers alone."""
        return {}


def seen(data: dict[str, Any], use: Use) -> Seen:
    """Read what the service says of a key for *use*.

    Raises:
        KeyServiceInvalid: the key is another than *use* needs, or could leave the service.
        KeyUnavailable: the answer makes no sense.
    """
    _refuse_unfit(data, use)
    latest, first, kept, floor = (
        _number(data, name)
        for name in (
            "latest_version",
            "min_decryption_version",
            "min_available_version",
            "min_encryption_version",
        )
    )
    first, kept = max(first, 1), max(kept, 1)
    if not kept <= first <= latest:
        raise KeyUnavailable("the key's versions contradict each other; a range was needed")
    made, public = _versions(data, use)
    return Seen(latest, first, kept, floor, made, public)


def macs(data: dict[str, Any], version: int, count: int) -> list[bytes]:
    """Read the MACs of a batch, as many as were asked for, all by *version*."""
    results = data.get("batch_results")
    if not isinstance(results, list) or len(results) != count:
        raise KeyUnavailable("the key service left results out; one for each value was needed")
    return [tagged(_member(result, "hmac"), version, MAC_BYTES) for result in results]


def tagged(value: str, version: int, length: int) -> bytes:
    """Read ``vault:v<version>:<base64>`` of *length* bytes, and nothing else."""
    head, _, encoded = value.rpartition(":")
    if head != f"vault:v{version}":
        raise KeyUnavailable("the key service used another version; the one named was needed")
    return _decoded(encoded, length)


def plaintext(value: str, length: int) -> bytes:
    """Read base64 of *length* bytes."""
    return _decoded(value, length)


def text(raw: bytes) -> str:
    """Write *raw* the way the service reads it."""
    return b64encode(raw).decode("ascii")


def _refuse_unfit(data: dict[str, Any], use: Use) -> None:
    dangers = ("exportable", "allow_plaintext_backup")
    if not isinstance(data.get("type"), str) or not all(name in data for name in dangers):
        raise KeyUnavailable("the key service does not say what a key is; that was needed")
    for member, needed in MADE_AS[use].items():
        # Services differ in whether they say the size of a key; none shows it differently.
        if data.get(member, needed) != needed:
            raise KeyServiceInvalid(f"a key has another {member} than its use asks for")
    for danger in dangers:
        if data[danger] is not False:
            raise KeyServiceInvalid(f"a key is {danger}; one that cannot leave was needed")
    if data.get("auto_rotate_period", 0) not in {0, "0"}:
        # A version nobody put in use: marks and message ids made by it would match none before.
        raise KeyServiceInvalid("a key rotates by itself; one that does not was needed")


def _versions(data: dict[str, Any], use: Use) -> tuple[dict[int, str], dict[int, bytes]]:
    """Read the table of versions; an HMAC key has none."""
    table = data.get("keys", {})
    made: dict[int, str] = {}
    public: dict[int, bytes] = {}
    if not isinstance(table, dict):
        raise KeyUnavailable("the key's versions cannot be read; a table was needed")
    for number, entry in table.items():
        if not str(number).isdecimal():
            raise KeyUnavailable("a version of the key has no number; one was needed")
        if use == "sign":
            public[int(number)] = _decoded(_member(entry, "public_key"), PUBLIC_BYTES)
            made[int(number)] = _instant(_member(entry, "creation_time")[:19])
        else:
            made[int(number)] = _instant(entry)
    return made, public


def _instant(value: Any) -> str:  # noqa: ANN401 -- JSON, checked right here
    """Read an instant, in either of the two forms the service has, both UTC."""
    try:
        made_at = (
            datetime.fromisoformat(value)
            if isinstance(value, str)
            else datetime.fromtimestamp(value, UTC)
        )
    except (TypeError, ValueError, OverflowError, OSError):
        made_at = None
    if made_at is None:
        raise KeyUnavailable("when a version was made cannot be read; an instant was needed")
    return made_at.replace(tzinfo=UTC).isoformat(timespec="seconds")


def _number(data: dict[str, Any], name: str) -> int:
    value = data.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        raise KeyUnavailable("the key service does not say a key's versions; they were needed")
    return value


def _member(entry: Any, name: str) -> str:  # noqa: ANN401 -- JSON, checked right here
    value = entry.get(name) if isinstance(entry, dict) else None
    if not isinstance(value, str):
        raise KeyUnavailable("the key service failed at a value; every one was needed")
    return value


def _decoded(encoded: str, length: int) -> bytes:
    try:
        raw = b64decode(encoded.encode("ascii"), validate=True)
    except ValueError:
        raw = b""
    if len(raw) != length:
        # Raised without a cause: the decoder's own could quote what is secret.
        raise KeyUnavailable("the key service's answer has another length; whole bytes were needed")
    return raw
