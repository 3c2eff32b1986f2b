"""Which one spelling of an identifier do its MACs see?

Version 1 of the canonical forms, frozen by ``tests/vectors/identified.json``: a change of any
result is a new version, since old blind indexes would no longer be found.  Linking is narrow
(R-41): Gmail dots and plus-tags stay, because dropping them would make one person of two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final
from unicodedata import category, normalize

import idna
import phonenumbers

from pseudonymizer.errors import IdentifierInvalid, IdentifierNobody

__all__ = ["CANON_VERSION", "KINDS", "canonical", "common_form"]

CANON_VERSION: Final = 1

MAX_ID_CHARACTERS: Final = 256
MAX_EMAIL_CHARACTERS: Final = 254  # RFC 5321, erratum 1690
MAX_LOCAL_BYTES: Final = 64  # RFC 5321, 4.5.3.1.1
MAX_PHONE_CHARACTERS: Final = 40

FRENCH_REGIONS: Final = ("FR", "RE", "GP", "MQ", "GF", "YT")

NOBODY: Final = frozenset(
    {
        "null", "undefined", "none", "nil", "nan", "unknown", "anonymous", "guest", "n/a", "na",
        "-", "-1", "true", "false", "[object object]", "not set", "(not set)", "test", "deleted",
    }
)  # fmt: skip
"""What programs send when they have no identifier.  Taking one as a person would make a single
person of everybody who sent it."""

# Any run of zeros, in a UUID's groups or not: what a device gives once tracking is refused.
_ZEROS = re.compile(r"\{?[0\-]+\}?")
_ZERO = "{0-"  # what such a run begins with
_SEPARATORS = re.compile(r"[._\-]")

GOOGLE: Final = ("gmail.com", "googlemail.com")
"""One mailbox under two names, in which dots do not count."""

VARIANTS: Final = "email.variants"

# RFC 5322 atext, and what RFC 6531 adds: any character beyond ASCII that NFKC leaves alone.
_ATOM = r"[0-9A-Za-z!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_PHONE = re.compile(r"\+?[0-9 ()./\-]+")
_PHONE_SPELLINGS: Final = str.maketrans(
    dict.fromkeys("\u00a0\u202f\u2009\t", " ")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014", "-")
)


def canonical(kind: str, text: str, *, region: str | None = "FR") -> str:
    """Give the canonical form of an identifier of *kind*.

    Args:
        kind: one of ``KINDS``.
        text: what the source sent.
        region: ISO 3166 country that national phone numbers of this source belong to; ``None``
            accepts international ones only.  ``FR`` includes the overseas territories.

    Raises:
        IdentifierInvalid: the value cannot be of that kind; the message does not repeat it.
    """
    try:
        spell = KINDS[kind]
    except KeyError:
        raise IdentifierInvalid(
            "the kind of identifier is unknown; a declared one was needed"
        ) from None
    return spell(text, region)


def common_form(kind: str, canonical_form: str) -> tuple[str, str] | None:
    """Give what all variants of an address have in common; ``None`` where a kind has none.

    Under a kind of its own, so that no MAC of it is ever the blind index of an address.

    Two addresses with the same one may reach the same person: a ground for a human to ask (R-41,
    "erase wide"), never one to link.
    """
    if kind != "email":
        return None
    local, _, domain = canonical_form.rpartition("@")
    bare = local.split("+", 1)[0] or local
    if domain in GOOGLE:
        return VARIANTS, f"{bare.replace('.', '')}@{GOOGLE[0]}"
    return VARIANTS, f"{bare}@{domain}"


def _identifier(text: str, _region: str | None, *, folded: bool) -> str:
    form = text.strip()
    if not (form.isascii() and form.isprintable()):
        form = _composed(form).strip()
    if folded:
        form = form.lower()
    if not 0 < len(form) <= MAX_ID_CHARACTERS:
        raise IdentifierInvalid(
            f"the identifier is empty or too long; 1 to {MAX_ID_CHARACTERS} characters were needed"
        )
    if form.lower() in NOBODY or (form[0] in _ZERO and _ZEROS.fullmatch(form)):
        raise _nobody()
    return form


def _email(text: str, _region: str | None) -> str:
    form = _composed(text.strip())
    local, at, domain = form.rpartition("@")
    if not at or len(form) > MAX_EMAIL_CHARACTERS:
        raise IdentifierInvalid("the e-mail address has no local part and domain; both were needed")
    local = _composed(local.lower())
    if not _LOCAL.fullmatch(local) or len(local.encode()) > MAX_LOCAL_BYTES:
        raise IdentifierInvalid(
            "the local part is not plain; an unquoted one of at most 64 bytes was needed"
        )
    domain = _domain(domain)
    # Somebody may well be called unknown@ at a provider; at a domain of the same name nobody is.
    name = _SEPARATORS.sub("", domain.partition(".")[0])
    if _SEPARATORS.sub("", local) == name and (name in NOBODY or _ZEROS.fullmatch(name)):
        raise _nobody()
    return f"{local}@{domain}"


def _domain(text: str) -> str:
    try:
        # Lower case before IDNA 2008, which knows no case; strict refuses the empty label and
        # the four full stops of other scripts.
        domain = idna.encode(_composed(text.lower()), strict=True, std3_rules=True).decode()
    except (idna.IDNAError, UnicodeError):
        raise IdentifierInvalid(
            "the domain is not valid in IDNA 2008; a registered form was needed"
        ) from None
    labels = domain.split(".")
    if len(labels) < 2 or not labels[-1] or labels[-1].isdigit():
        raise IdentifierInvalid("the domain has no top-level label; a full domain was needed")
    return domain


def _phone(text: str, region: str | None) -> str:
    form = text.strip().translate(_PHONE_SPELLINGS)
    if len(form) > MAX_PHONE_CHARACTERS or not _PHONE.fullmatch(form):
        raise IdentifierInvalid("the phone number is not digits and punctuation; those were needed")
    regions: tuple[str | None, ...] = FRENCH_REGIONS if region in FRENCH_REGIONS else (region,)
    readings = {reading for country in regions if (reading := _e164(form, country))}
    # 0269612345 is valid in metropolitan France and on Réunion: two people, so neither.
    if len(readings) != 1:
        raise IdentifierInvalid(
            "the phone number has no single valid reading; an international one was needed"
        )
    number = readings.pop()
    if number.endswith("00000000"):  # a form's required field, filled
        raise _nobody()
    return number


def _e164(form: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(form, region)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _nobody() -> IdentifierNobody:
    return IdentifierNobody("the identifier is a placeholder for nobody; a real one was needed")


def _composed(text: str) -> str:
    """Give *text* in NFC, or refuse it where its look and its bytes would part ways."""
    form = normalize("NFC", text)
    if normalize("NFKC", form) != form:
        raise IdentifierInvalid(
            "the identifier holds compatibility characters; plain ones were needed"
        )
    # Control, format (zero-width, bidirectional), surrogate, private use, unassigned.
    if any(category(character)[0] == "C" for character in form):
        raise IdentifierInvalid("the identifier holds control characters; visible ones were needed")
    return form


KINDS: Final[Mapping[str, Callable[[str, str | None], str]]] = {
    "user_id": partial(_identifier, folded=False),
    "anonymous_id": partial(_identifier, folded=False),
    "device_id": partial(_identifier, folded=True),
    "email": _email,
    "phone": _phone,
}
