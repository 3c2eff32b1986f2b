"""Who is asking, when a person works with the rights and audit interfaces?

Operators carry a bearer token: 256 random bits behind a public prefix.  Only the SHA-256 of the
whole token is stored (a token is uniformly random, so a fast hash is right), it is compared in
constant time, and an unknown prefix costs the same comparison as a known one.
"""

import hashlib
import hmac
import re
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, Engine

from gateway.rights import register
from gateway.rights.errors import OperatorForbidden, OperatorUnknown
from pseudonymizer.vault.transactions import transaction

SCHEME: Final = "pvo"  # "Paravent operator", so that a secret scanner can find a lost one
_PREFIX_BYTES: Final = 6
_SECRET_BYTES: Final = 32  # 256 bits
_NO_HASH: Final = bytes(32)
_MAX_TOKEN_CHARS: Final = 200
_FORM: Final = re.compile(r"(pvo_[0-9A-Za-z]+)_[0-9A-Za-z_-]+")


class Role(StrEnum):
    """What an operator may do."""

    DPO = "dpo"
    OPERATOR = "operator"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Operator:
    """A person who works with the console, the command or the rights interface."""

    id: uuid.UUID
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class MintedToken:
    """A new token: the text is shown once, prefix and hash are stored."""

    prefix: str
    digest: bytes
    text: str

    def __repr__(self) -> str:
        return f"MintedToken({self.prefix}_…)"


def mint_token() -> MintedToken:
    """Make a token of 256 random bits, ``pvo_PREFIX_SECRET``."""
    prefix = f"{SCHEME}_{secrets.token_hex(_PREFIX_BYTES)}"
    text = f"{prefix}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    return MintedToken(prefix, token_digest(text), text)


def token_digest(token: str) -> bytes:
    """Give what is stored of a token."""
    return hashlib.sha256(token.encode()).digest()


def add_operator(
    rights: Connection, name: str, role: Role, *, now: datetime, expires_at: datetime | None = None
) -> str:
    """Register an operator and give the token, which is shown once and kept nowhere."""
    token = mint_token()
    register.insert_operator(
        rights,
        register.OperatorRow(
            id=uuid.uuid4(),
            name=name,
            role=role.value,
            token_prefix=token.prefix,
            token_hash=token.digest,
            created_at=now,
            expires_at=expires_at,
        ),
    )
    return token.text


def authenticate_operator(
    rights_engine: Engine,
    header: str | None,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Operator:
    """Give the operator whose token the ``Authorization`` header carries.

    Raises:
        OperatorUnknown: there is no header, it is malformed, or no token in force matches.
    """
    prefix, token = _bearer(header)
    now = clock()
    with transaction(rights_engine) as rights:
        row = register.operator_by_prefix(rights, prefix)
        stored = row.token_hash if row is not None else _NO_HASH
        matches = hmac.compare_digest(stored, token_digest(token))
        if row is None or not matches or (row.expires_at is not None and row.expires_at <= now):
            raise OperatorUnknown("the operator token is not in force; a valid token was needed")
        register.touch_operator(rights, row.id, now.date())
    return Operator(row.id, row.name, Role(row.role))


def require_role(operator: Operator, *roles: Role) -> Operator:
    """Give *operator* back when its role is one of *roles*.

    Raises:
        OperatorForbidden: it is not.
    """
    if operator.role not in roles:
        raise OperatorForbidden(
            f"an operator with the role {operator.role} does not reach this; "
            f"one of {', '.join(roles)} was needed"
        )
    return operator


def _bearer(header: str | None) -> tuple[str, str]:
    """Give the public prefix and the whole of the token; what cannot be one is not looked for."""
    scheme, _, token = (header or "").partition(" ")
    token = token.strip()
    form = _FORM.fullmatch(token) if len(token) <= _MAX_TOKEN_CHARS else None
    if not token:
        raise OperatorUnknown("the request carries no operator token; one was needed")
    if scheme.lower() != "bearer" or form is None:
        raise OperatorUnknown(
            "what the request carries has not the form of an operator token; one was needed"
        )
    return form[1], token
