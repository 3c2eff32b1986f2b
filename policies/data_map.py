"""What every column holds, why, for how long and about whom: the shape of an annotation.

Both databases annotate their tables with these values, so that access, erasure, retention, the
scan and the record of processing can walk one catalogue.  A column without annotation is an
error of ours, and a test of each side says so.

A column takes ``info=note(...)`` or ``info={"note": ColumnNote(...)}``;
``ColumnNote.read(column.info)`` gives either back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, Literal, get_args

from policies.vocabulary import DataCategory

SubjectKey = Literal["pid", "surrogate", "vault", "blind_index", "mark", "aref"]
"""How a column leads to a data subject: the pseudonym itself, the store's 8-byte number of one,
the vault's own number of a subject, the keyed MAC of an identifier, a tombstone's mark, or the
audit log's reference."""

SUBJECT_KEYS: Final = frozenset(get_args(SubjectKey))


class Erasure(StrEnum):
    """What an erasure does to a table's rows about the subject."""

    DELETE = "delete"
    CASCADE = "cascade"  # gone with the row they point to
    FLAG = "flag"  # kept, emptied, marked: the fence against late writers
    KEEP = "keep"  # says nothing about a person, or is the proof of the erasure


@dataclass(frozen=True, slots=True)
class ColumnNote:
    """One column of the data map.

    ``purpose`` is a purpose of the rulebook, ``*`` where the row says itself which, or the
    operation the column serves (``security``, ``audit``, ``rights``, ``operation``).
    ``retention`` is a period of ``retention.yaml`` or ``row`` (as long as its row).
    """

    category: DataCategory
    purpose: str
    retention: str
    subject: SubjectKey | None = None

    def __post_init__(self) -> None:
        if self.subject is not None and self.subject not in SUBJECT_KEYS:
            raise ValueError("a column leads to a subject in no known way; see SubjectKey")

    @classmethod
    def read(cls, info: Mapping[Any, Any]) -> ColumnNote | None:
        """Give the annotation in a column's ``info``, or ``None`` when there is none.

        Raises:
            ValueError: the category or the subject link is not one of ours.
        """
        whole = info.get("note")
        if isinstance(whole, cls):
            return whole
        if "category" not in info:
            return None
        return cls(
            category=DataCategory(info["category"]),
            purpose=str(info["purpose"]),
            retention=str(info["retention"]),
            subject=info.get("subject"),
        )


@dataclass(frozen=True, slots=True)
class TableNote:
    """One table of the data map: what an erasure does to it, and its columns in order."""

    schema: str
    name: str
    erasure: Erasure
    columns: Mapping[str, ColumnNote]

    @property
    def subject_columns(self) -> tuple[str, ...]:
        """Give the columns that lead to a subject; empty when the table is about nobody."""
        return tuple(name for name, column in self.columns.items() if column.subject)


def note(
    category: DataCategory | str,
    purpose: str,
    retention: str,
    subject: SubjectKey | None = None,
) -> dict[str, str | None]:
    """Give the ``info`` of a column.  An unknown category or link is refused at import time."""
    return asdict(ColumnNote(DataCategory(category), purpose, retention, subject))
