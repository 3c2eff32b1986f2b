"""A look-up that takes the same work whoever it is about, and whether they exist or not (R-45).

What ``remember`` answers from memory, or leaves out where nobody is known, a caller could time.
Here nothing is remembered: one statement, one bucket key and one subject key unwrapped, pseudonyms
derived.  For somebody unknown, erased or being erased the keys are those of nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from secrets import token_bytes
from typing import NamedTuple

from sqlalchemy import Engine

from pseudonymizer.derive import SUBJECT_KEY_BYTES
from pseudonymizer.errors import KeyDestroyed
from pseudonymizer.keyring import Identifier, Keyring
from pseudonymizer.lookup import Called, Lookup, Resolved
from pseudonymizer.vault import store
from pseudonymizer.vault.buckets import Buckets, new_bucket, unwrap_subject, wrap_subject
from pseudonymizer.vault.called import called
from pseudonymizer.vault.question import Question
from pseudonymizer.vault.store import BucketRow, Found
from pseudonymizer.vault.transactions import transaction

__all__ = ["Alike"]


class _Wrapped(NamedTuple):
    """A subject key as the vault keeps it."""

    bucket: BucketRow
    subject: int
    wrapped_sk: bytes


class Alike:
    """Gives pseudonyms for one identifier at a time; safe to share between threads."""

    def __init__(self, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring
        self._nobody: _Wrapped | None = None

    def called(self, identifier: Identifier, domains: Sequence[str]) -> Called:
        """Give what whoever *identifier* names is called, or nobody.

        The pseudonyms of nobody are in no registry; the caller asks there for all, and finds out
        nothing before that.

        Raises:
            VaultUnavailable, KeyUnavailable: it cannot be looked up.
        """
        lookups = [Lookup((identifier,))]
        question = Question(self._keyring, lookups)
        while True:  # each turn knows of a version more than the one before
            nobody = self._of_nobody()
            with transaction(self._engine) as vault:
                found = store.look_up(vault, list(question.indexes), list(question.marks))
            if not question.knows(found.in_use):
                question = Question.anew(self._keyring, lookups, found.in_use)
                continue
            wrapped = _alive(question, found, identifier) or nobody
            try:
                # Buckets of this look-up alone: one remembered would tell who was asked for before.
                bucket = Buckets(self._keyring).key(wrapped.bucket)
            except KeyDestroyed:
                if wrapped is not nobody:
                    raise
                self._keyring.reload()
                self._nobody = None
                continue
            key = unwrap_subject(bucket, wrapped.subject, wrapped.wrapped_sk)
            epochs = found.in_use["pid"]
            names = called(key, domains, epochs)
            return Resolved("known", names.pids, past=names.past, epoch=epochs.version)

    def _of_nobody(self) -> _Wrapped:
        """Give a key of nobody, wrapped by the version that somebody minted now would have."""
        primary = self._keyring.versions("kek").primary
        if self._nobody is None or self._nobody.bucket.kek_version != primary:
            row, key = new_bucket(self._keyring, 0, 0)
            wrapped = wrap_subject(key, 0, token_bytes(SUBJECT_KEY_BYTES))
            self._nobody = _Wrapped(row, 0, wrapped)
        return self._nobody


def _alive(question: Question, found: Found, identifier: Identifier) -> _Wrapped | None:
    known = question.known(found.rows, found.marks)
    owner = known.owners.get(identifier)
    if identifier in known.tombstoned or owner in known.gone:
        return None
    for row in found.rows:
        if row.subject == owner and row.wrapped_sk is not None:
            bucket = BucketRow(row.bucket, row.version, row.kek_version, row.wrapped_key)
            return _Wrapped(bucket, row.subject, row.wrapped_sk)
    return None
