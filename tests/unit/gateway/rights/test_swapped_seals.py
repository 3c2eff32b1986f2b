"""Whatever is sealed opens in its own place and nowhere else.

Everything sealed is in one list, with what opens it; each is tried in the place of each other.
Between two neighbours one thing differs: the row, the column, the table, the subject, the bucket
or a version.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from gateway.rights.dossier import open_document, seal_document
from policies.errors import ParaventError
from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.keyring import Keyring
from pseudonymizer.seal import SealingKey, pad, seal
from pseudonymizer.vault import mint
from pseudonymizer.vault.buckets import unwrap_subject, wrap_subject

ADA, GRACE = b"a" * 32, b"g" * 32  # subject keys
ROWS = (b"1" * 32, b"2" * 32)  # blind indexes
BUCKET_KEY = b"b" * 32
CASES = (UUID(int=1), UUID(int=2))


@dataclass(frozen=True)
class Sealed:
    """A sealed value, what opens it in its place, and what it then says."""

    name: str
    raw: bytes
    opens: Callable[[bytes], object]
    says: object


def identifiers() -> list[Sealed]:
    found = []
    for who, subject_key in (("ada", ADA), ("grace", GRACE)):
        for row in ROWS:
            at = f"{who}, row {row[:1].decode()}"
            key, place = mint._field_key(subject_key, "sealed"), mint._at("sealed", row)
            found.append(
                Sealed(
                    f"identifier.sealed of {at}",
                    seal(key, pad(at), place),
                    partial(mint.open_identifier, subject_key, row),
                    at,
                )
            )
            key, place = mint._field_key(subject_key, "sealed_mark"), mint._at("sealed_mark", row)
            plain = (1).to_bytes(4, "big") + at.encode()
            found.append(
                Sealed(
                    f"identifier.sealed_mark of {at}",
                    seal(key, plain, place),
                    partial(mint.open_mark, subject_key, row),
                    (1, at.encode()),
                )
            )
    return found


def subject_keys() -> list[Sealed]:
    """The key is the same in every bucket and version: only what it is called differs."""
    found = []
    for bucket, version in ((1, 1), (1, 2), (2, 1)):
        key = SealingKey(f"bucket:{bucket}", version, BUCKET_KEY)
        for subject in (1, 2):
            material = bytes([bucket, version, subject]) * 10 + b"__"
            found.append(
                Sealed(
                    f"subject.wrapped_sk of {subject}, bucket {bucket}:{version}",
                    wrap_subject(key, subject, material),
                    partial(unwrap_subject, key, subject),
                    material,
                )
            )
    return found


def wrapped_keys(keyring: Keyring) -> list[Sealed]:
    found = []
    for _ in range(2):
        for what, row in (
            ("vault.bucket", "1:1"), ("vault.bucket", "1:2"), ("vault.bucket", "2:1"),
            ("rights.case", CASES[0].bytes), ("rights.case", CASES[1].bytes),
        ):  # fmt: skip
            version, raw = keyring.wrap(what, row, material := f"{what}{row!r}".encode())
            name = f"{what} {row!r} under kek {version}"
            opens = partial(keyring.unwrap, what, row, version)
            found.append(Sealed(name, raw, opens, material))
        keyring.provider.new_version("kek")
    return found


def documents(keyring: Keyring) -> list[Sealed]:
    return [
        Sealed(
            f"case.{column} of {case}",
            seal_document(keyring, case, column, {"is": f"{case} {column}"}),
            partial(open_document, keyring, case, column),
            {"is": f"{case} {column}"},
        )
        for case in CASES
        for column in ("sealed_identifiers", "result")
    ]


@pytest.fixture
def everything(tmp_path: Path) -> list[Sealed]:
    keyring = Keyring(FileKeyProvider.create(tmp_path / "keys.json", mode="development"))
    wrapped = wrapped_keys(keyring)
    return [*identifiers(), *subject_keys(), *wrapped, *documents(keyring)]


def test_each_opens_in_its_own_place_and_none_in_the_place_of_another(
    everything: list[Sealed],
) -> None:
    opened = []
    for place in everything:
        for moved in everything:
            if moved is place:
                assert place.opens(moved.raw) == place.says
                continue
            try:
                place.opens(moved.raw)
            except ParaventError:
                continue
            opened.append(f"{moved.name} in the place of {place.name}")
    assert opened == []
    assert len(everything) == 8 + 6 + 10 + 4


def test_a_document_does_not_open_with_the_wrapped_key_of_another(
    everything: list[Sealed],
) -> None:
    """The wrapped key in front of a document is no place of its own: it is bound to the case."""
    one, _, other, _ = everything[-4:]
    head = int.from_bytes(one.raw[4:6], "big") + 6
    assert int.from_bytes(other.raw[4:6], "big") + 6 == head
    with pytest.raises(ParaventError):
        one.opens(other.raw[:head] + one.raw[head:])
    with pytest.raises(ParaventError):
        one.opens(one.raw[:head] + other.raw[head:])
