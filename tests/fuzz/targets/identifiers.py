"""Which spelling identifiers have, and what a text that names its sender is told by."""

from __future__ import annotations

from typing import Final

from pseudonymizer.errors import IdentifierInvalid
from pseudonymizer.normalise import KINDS, canonical, common_form
from pseudonymizer.scrub.own import bare, could_hold, naming, own_names
from tests.support.canaries import CONTROL, ENCODINGS

SORTS: Final = sorted(KINDS)
REGIONS: Final = ("FR", "RE", "DE", "US", None)
LONGEST: Final = 320  # an e-mail address whose domain grew in punycode is refused long before


def identifiers(data: bytes) -> None:
    """An identifier has one form, which is its own form; a refusal does not repeat it."""
    first = data[0] if data else 0
    kind, region = SORTS[first % len(SORTS)], REGIONS[first // 16 % len(REGIONS)]
    said = data[1:].decode("utf-8", "surrogateescape")
    try:
        form = canonical(kind, said, region=region)
    except IdentifierInvalid as error:
        refusal = str(error)
    else:
        _has_one_form(kind, form, region)
        return
    assert len(said) < 12 or said not in refusal, "the refusal repeats the value"


def _has_one_form(kind: str, form: str, region: str | None) -> None:
    assert canonical(kind, form, region=region) == form, "the form has another form"
    assert form.encode()
    assert form.isprintable() or kind.endswith("_id")
    assert 0 < len(form) <= LONGEST
    assert "\0" not in form
    if (common := common_form(kind, form)) is not None:
        assert common[0] != kind, "variants would be found as if they were one address"
        assert common_form(kind, common[1]) == common, "what variants share has variants"


def identifier_seeds() -> list[bytes]:
    said = [
        *CONTROL.kinds.values(),
        "ada+shop@exämple.org", "ADA@EXAMPLE.COM", "a@例え.テスト", "\u212bda@example.org",
        "a\u0301@b.fr",
        "06 12 34 56 78", "0269612345", "+1 (555) 010-9999 ext. 3", "00 33 1 99 00 41 27",
        "[object Object]", "ﬁona", "A\u0308", "\uff21\uff24\uff21", "i\u0307", "\u1e9e", "x" * 257,
        "a@xn--nxasmq6b.com", "a@b..c", "a@\u3002com", "\u0130@example.org", "ada@127.0.0.1",
    ]  # fmt: skip
    return [bytes([kind]) + each.encode() for kind in range(len(SORTS)) for each in said]


def naming_one(data: bytes) -> None:
    """Whoever is named in a text is found there; where nobody can be, nobody is."""
    name, _, text = data.decode("utf-8", "replace").partition("\n")
    own = own_names([name])
    letters = bare(text)
    assert naming([own], [text], [1])[0] in (True, False)
    if naming([own], [text])[0]:
        assert could_hold(own, letters), "found where it could not be"
    if own:
        for said in (name, name.upper(), f"/{name}?", f"{text} {name} {text}"):
            if bare(name) in bare(said):
                assert naming([own], [said])[0], f"{name!r} is not found in {said!r}"


def naming_seeds() -> list[bytes]:
    told = CONTROL.name
    wrapped = [f"{told}\n/compte/{encode(told)}/x" for encode in ENCODINGS.values()]
    others = ["Blanc\nchemises blanches", "12345678\nn 12 345 678", "Zoë Straße\nzoe-strasse"]
    return [each.encode() for each in (*wrapped, *others)]
