"""How is a plan written: new subjects, further identifiers, links?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from secrets import token_bytes
from typing import Final, NamedTuple

from sqlalchemy import Connection

from pseudonymizer.derive import SUBJECT_KEY_BYTES, dek
from pseudonymizer.errors import VaultContended
from pseudonymizer.keyring import Identifier, Keyring
from pseudonymizer.normalise import CANON_VERSION, common_form
from pseudonymizer.seal import Place, SealingKey, open_sealed, pad, seal, unpad
from pseudonymizer.vault import store
from pseudonymizer.vault.buckets import Buckets, new_bucket, some_buckets, wrap_subject
from pseudonymizer.vault.identity import Plan
from pseudonymizer.vault.in_use import key_in_use
from pseudonymizer.vault.links import insert_links
from pseudonymizer.vault.question import Question
from pseudonymizer.vault.store import FoundRow

__all__ = [
    "Indexed",
    "Minter",
    "move_identifier",
    "open_identifier",
    "open_mark",
    "reseal_identifier",
]

FIELD_VERSION: Final = 1
_VERSION_BYTES: Final = 4


class Indexed(NamedTuple):
    """An identifier as it is stored; what is kept of it opens with its subject's key."""

    blind_index: bytes
    subject: int
    kind: str
    sealed: bytes | None
    sealed_mark: bytes


class Minter:
    """Writes plans, inside the caller's transaction."""

    def __init__(self, keyring: Keyring, buckets: Buckets) -> None:
        self._keyring = keyring
        self._buckets = buckets

    def write(
        self,
        vault: Connection,
        planned: Plan,
        question: Question,
        *,
        keys: Mapping[int, bytes],
    ) -> dict[int, bytes]:
        """Write *planned*; give the subject keys of the minted, by their provisional numbers.

        Args:
            vault: the transaction, in which erasures are kept out.
            planned: what to write.
            question: blind indexes and marks of the batch.
            keys: subject keys of the known subjects that get further identifiers.

        Raises:
            VaultContended: another transaction was first with one of the identifiers; what was
                written here must be rolled back, and is when this leaves ``transaction``.
        """
        provisional = [-number for number in range(1, planned.minted + 1)]
        minted = dict(zip(provisional, self.mint(vault, len(provisional)), strict=True))
        number = {p: n for p, (n, _) in minted.items()}
        fresh = {p: key for p, (_, key) in minted.items()}
        every = {**keys, **fresh}
        rows = [
            _identifier_row(
                identifier, number.get(subject, subject), question, every[subject]
            )._replace(source=planned.sources.get(identifier))
            for identifier, subject in planned.attached.items()
        ]
        if rows and store.insert_identifiers(vault, rows) < len(rows):
            raise VaultContended("another transaction minted an identifier first; its row is used")
        if planned.links:
            insert_links(
                vault,
                {
                    (number.get(a, a), number.get(b, b)): said
                    for (a, b), said in planned.links.items()
                },
            )
        return fresh

    def move(
        self,
        vault: Connection,
        question: Question,
        found: Iterable[FoundRow],
        keys: Mapping[int, bytes],
    ) -> None:
        """Bring what was found under an older version of the index to the one in use.

        The caller keeps erasures out, and with them the end of a version.
        """
        rows = [
            row for row in found if question.version_of[row.blind_index] < question.index_version
        ]
        moved = []
        for row in sorted(rows):
            key = keys.get(row.subject)
            if key is None:
                continue
            identifier = question.indexes[row.blind_index]
            new = _identifier_row(identifier, row.subject, question, key, keep=row.kept)
            kept = (new.blind_index, new.sealed, new.sealed_mark, new.variant_index)
            moved.append(store.Moved(row.blind_index, *kept))
        if moved:
            store.move_identifiers(vault, moved, version=question.index_version)

    def mint(self, vault: Connection, count: int) -> list[tuple[int, bytes]]:
        """Insert new subjects without an identifier; give number and key of each."""
        return self.mint_as(vault, store.reserve_subjects(vault, count)) if count else []

    def mint_as(self, vault: Connection, numbers: Sequence[int]) -> list[tuple[int, bytes]]:
        """Insert new subjects under *numbers* that were reserved; give number and key of each."""
        drawn = some_buckets(len(numbers))
        wrapping = self._bucket_keys(vault, set(drawn))
        keys = [token_bytes(SUBJECT_KEY_BYTES) for _ in numbers]
        store.insert_subjects(
            vault,
            [
                store.SubjectKeyRow(number, bucket, wrap_subject(wrapping[bucket], number, key))
                for number, bucket, key in zip(numbers, drawn, keys, strict=True)
            ],
        )
        return list(zip(numbers, keys, strict=True))

    def _bucket_keys(self, vault: Connection, wanted: set[int]) -> dict[int, SealingKey]:
        """Give the keys of *wanted*, making those that do not exist yet."""
        rows = store.lock_buckets(vault, wanted)
        if missing := wanted - rows.keys():
            self._keyring.reach("kek", key_in_use(vault, "kek", share=True))
            made = [new_bucket(self._keyring, number, 1)[0] for number in missing]
            store.insert_buckets(vault, made)
            # Read again: another transaction may have been first with one of them.
            rows = store.lock_buckets(vault, wanted)
        return {number: self._buckets.key(row) for number, row in rows.items()}


def move_identifier(
    keyring: Keyring, subject_key: bytes, row: Indexed, *, version: int
) -> store.Moved:
    """Index what is kept sealed under another version; everything is sealed for its new place."""
    if row.sealed is None:
        raise ValueError("nothing is kept of the identifier; its sealed form was needed")
    text = open_identifier(subject_key, row.blind_index, row.sealed)
    mark_version, mark = open_mark(subject_key, row.blind_index, row.sealed_mark)
    common = common_form(row.kind, text)
    wanted = [(row.kind, text)] if common is None else [(row.kind, text), common]
    index, *variant = keyring.blind_indexes(wanted, version=version)
    plain = mark_version.to_bytes(_VERSION_BYTES, "big") + mark
    return store.Moved(
        row.blind_index,
        index,
        seal(_field_key(subject_key, "sealed"), pad(text), _at("sealed", index)),
        seal(_field_key(subject_key, "sealed_mark"), plain, _at("sealed_mark", index)),
        variant[0] if variant else None,
    )


def reseal_identifier(keys: tuple[bytes, bytes], row: Indexed) -> tuple[bytes | None, bytes]:
    """Seal anew what is kept of an identifier, from under one subject's key to another's."""
    old, new = keys
    at, mark_at = _at("sealed", row.blind_index), _at("sealed_mark", row.blind_index)
    mark = open_sealed(_field_key(old, "sealed_mark"), row.sealed_mark, mark_at)
    text = None
    if row.sealed is not None:
        text = open_sealed(_field_key(old, "sealed"), row.sealed, at)
    return (
        None if text is None else seal(_field_key(new, "sealed"), text, at),
        seal(_field_key(new, "sealed_mark"), mark, mark_at),
    )


def open_identifier(subject_key: bytes, blind_index: bytes, sealed: bytes) -> str:
    """Give the canonical form that was kept sealed."""
    return unpad(open_sealed(_field_key(subject_key, "sealed"), sealed, _at("sealed", blind_index)))


def open_mark(subject_key: bytes, blind_index: bytes, sealed_mark: bytes) -> tuple[int, bytes]:
    """Give the tombstone mark kept with an identifier, and the version of the key it is under."""
    key = _field_key(subject_key, "sealed_mark")
    plain = open_sealed(key, sealed_mark, _at("sealed_mark", blind_index))
    return int.from_bytes(plain[:_VERSION_BYTES], "big"), plain[_VERSION_BYTES:]


def _identifier_row(
    identifier: Identifier,
    subject: int,
    question: Question,
    subject_key: bytes,
    *,
    keep: bool = False,
) -> store.IdentifierRow:
    kind, canonical = identifier
    index = question.index_of(identifier)
    mark = question.mark_version.to_bytes(_VERSION_BYTES, "big") + question.mark_of(identifier)
    sealed = None
    if keep or identifier in question.sealed:
        sealed = seal(_field_key(subject_key, "sealed"), pad(canonical), _at("sealed", index))
    # An erasure must tombstone identifiers whose text was never kept, so the mark is kept with
    # them, sealed: with the database alone it still joins with nothing.
    sealed_mark = seal(_field_key(subject_key, "sealed_mark"), mark, _at("sealed_mark", index))
    return store.IdentifierRow(
        index,
        subject,
        kind,
        question.index_version,
        CANON_VERSION,
        sealed,
        sealed_mark,
        question.variant_of(identifier),
        None,
    )


def _field_key(subject_key: bytes, column: str) -> SealingKey:
    field = f"vault.identifier.{column}"
    return SealingKey(f"dek:{column}", FIELD_VERSION, dek(subject_key, field, FIELD_VERSION))


def _at(column: str, blind_index: bytes) -> Place:
    return Place("vault.identifier", column, blind_index)
