"""How are keys made in a token, found there and ended, so that none can leave it?"""

from __future__ import annotations

from datetime import UTC, datetime
from os import urandom
from typing import Any, Final

from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

from pseudonymizer.errors import KeyServiceInvalid, KeyUnavailable
from pseudonymizer.hsm import register
from pseudonymizer.hsm.register import Record, label
from pseudonymizer.key_names import use_of
from pseudonymizer.key_port import Use
from pseudonymizer.key_table import Table, Version

__all__ = ["end", "found", "make", "tables"]

ED25519: Final = "1.3.101.112"
PUBLIC_BYTES: Final = 32

_MADE_AS: Final[dict[Use, tuple[ObjectClass, KeyType]]] = {
    "mac": (ObjectClass.SECRET_KEY, KeyType.GENERIC_SECRET),
    "wrap": (ObjectClass.SECRET_KEY, KeyType.AES),
    "sign": (ObjectClass.PRIVATE_KEY, KeyType.EC_EDWARDS),
}
_STAYS: Final = {
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.ALWAYS_SENSITIVE: True,
    Attribute.NEVER_EXTRACTABLE: True,
    Attribute.LOCAL: True,
}
"""What a key has to say of itself: it was made in the token, and never could leave it."""


def found(session: Any, name: str, number: int, identity: str) -> list[Any]:  # noqa: ANN401 -- the wrapper's types
    """Give the key of a version that is written down as *identity*: none once it is destroyed."""
    return list(
        session.get_objects(_wanted(name, number) | {Attribute.ID: bytes.fromhex(identity)})
    )


def tables(session: Any, name: str | None) -> dict[str, Table]:  # noqa: ANN401
    """Give what there is of every key, or of *name* alone."""
    versions: dict[str, dict[int, Version]] = {}
    for (one, number), record in register.records(session).items():
        if name in {None, one}:
            versions.setdefault(one, {})[number] = _version(session, one, number, record)
    return {one: Table(its) for one, its in versions.items()}


def make(session: Any, name: str, number: int) -> None:  # noqa: ANN401
    """Make a version and write it down, unless another process is about to.

    A token knows no two names apart: two processes may make a version of one number.  Each looks
    again once it has written, and whoever sees the other's takes its own back; so of two that
    cross, one version is left or none, and never two.  Nobody takes anybody else's back: a key that
    is not written down yet may be by the time it is destroyed.  Left by one who was stopped, it is
    found by nobody, and goes with its version (``end``).

    Raises:
        KeyUnavailable: another process made it, or makes it at this moment.
    """
    crossed = (name, number) in register.records(session)
    if not crossed:
        identity = urandom(16)
        key, public = _generated(session, name, number, identity)
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        made = Record(identity.hex(), made_at, public.hex())
        record = register.write(session, name, number, made)
        try:
            written = register.records(session).get((name, number))
            crossed = written is None or written.identity != made.identity
        except KeyUnavailable:
            crossed = True
        if crossed:
            record.destroy()
            key.destroy()
    if crossed:
        raise KeyUnavailable("another process makes this version; one at a time was needed")


def end(session: Any, name: str, number: int) -> None:  # noqa: ANN401
    """Destroy a version; stopped half way, it is out of use, and asking again ends it."""
    if not register.records(session)[name, number].ended:
        register.strike(session, name, number)
    for each in list(session.get_objects(_wanted(name, number))):
        each.destroy()


def _wanted(name: str, number: int) -> dict[Attribute, Any]:
    kind, _ = _MADE_AS[use_of(name)]
    return {Attribute.CLASS: kind, Attribute.LABEL: label(name, number)}


def _version(session: Any, name: str, number: int, record: Record) -> Version:  # noqa: ANN401
    keys = found(session, name, number, record.identity)
    about = (record.made_at, record.identity, bytes.fromhex(record.public))
    if record.ended:
        return Version("ending" if keys else "destroyed", *about)
    if not keys:
        return Version("withheld", *about)  # lost, and nobody asked for that
    if len(keys) > 1:
        raise KeyUnavailable("two keys stand under one version; one was needed")
    _refuse_unfit(keys[0], use_of(name))
    return Version("live", *about)


def _refuse_unfit(key: Any, use: Use) -> None:  # noqa: ANN401
    kind, of = _MADE_AS[use]
    says = key.get_attributes([Attribute.KEY_TYPE, *_STAYS])
    if says.get(Attribute.KEY_TYPE) != of:
        raise KeyServiceInvalid("a key is of another type than its use asks for")
    if any(says.get(name) is not needed for name, needed in _STAYS.items()):
        raise KeyServiceInvalid("a key could leave the token; one that cannot was needed")
    if kind is ObjectClass.SECRET_KEY and key[Attribute.VALUE_LEN] != 32:
        raise KeyServiceInvalid("a key has another length than its use asks for; 32 was needed")


def _generated(session: Any, name: str, number: int, identity: bytes) -> tuple[Any, bytes]:  # noqa: ANN401
    use, called = use_of(name), label(name, number)
    stays = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True}
    if use == "sign":
        curve = session.create_domain_parameters(
            KeyType.EC_EDWARDS,
            {Attribute.EC_PARAMS: encode_named_curve_parameters(ED25519)},
            local=True,
        )
        public, private = curve.generate_keypair(
            mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
            id=identity,
            label=called,
            store=True,
            public_template={Attribute.TOKEN: False},  # it is written down instead
            private_template=stays,
        )
        return private, _raw(public[Attribute.EC_POINT])
    _, kind = _MADE_AS[use]
    capable = MechanismFlag.SIGN if use == "mac" else MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT
    by = Mechanism.GENERIC_SECRET_KEY_GEN if use == "mac" else Mechanism.AES_KEY_GEN
    secret = session.generate_key(
        kind,
        256,
        id=identity,
        label=called,
        store=True,
        capabilities=capable,
        mechanism=by,
        template=stays,
    )
    return secret, b""


def _raw(point: bytes) -> bytes:
    """Give the 32 bytes of a public key; most tokens put them into a DER octet string."""
    raw = point[2:] if point[:2] == b"\x04\x20" and len(point) == PUBLIC_BYTES + 2 else point
    if len(raw) != PUBLIC_BYTES:
        raise KeyUnavailable("a public key has another length; 32 bytes were needed")
    return raw
