"""After an erasure, is anything left?

Walks the live catalogue of both databases and searches every column that could hold a pseudonym,
a blind index, a surrogate number or an identifier in any of its forms (R-61).  What an erasure
keeps on purpose (the registry's fence row, the journal, the tombstone) is named in the data map
and checked to be empty of everything else.  The report names columns and counts, nothing more,
and its hash goes into the receipt.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection

from gateway.rights.catalogue import ColumnAt, Condition, Sought, columns, condition, count_rows
from gateway.rights.needles import Needle
from policies.data_map import Erasure, TableNote

# Alembic's own bookkeeping: one revision id, written by the owner at migration time.
BOOKKEEPING: Final = frozenset({"alembic_version"})

TableKey = tuple[str, str]
DataMap = Mapping[TableKey, TableNote]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the scan met.

    Attributes:
        kind: ``residue``, ``ambiguous``, ``unannotated`` or ``unreadable``.
        where: ``database:schema.table.column``.
        rows: how many rows; 0 for a column as such.
    """

    kind: str
    where: str
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """One database as one role sees it, and the part of the data map that is about it.

    Attributes:
        covers: schemas this role answers for; another role's walk covers the others.
    """

    database: str
    connection: Connection
    notes: DataMap
    covers: frozenset[str]
    sought: Sought


@dataclass(slots=True)
class ScanReport:
    """What was searched and what was met."""

    columns: int = 0
    tables: int = 0
    needles: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def residue(self) -> tuple[Finding, ...]:
        """Give the findings that keep an erasure from being called complete."""
        return tuple(finding for finding in self.findings if finding.kind != "ambiguous")

    def document(self) -> dict[str, Any]:
        """Give the report as plain data, in a stable order."""
        ordered = sorted(self.findings, key=lambda finding: (finding.where, finding.kind))
        return {
            "schema_v": 1,
            "tables": self.tables,
            "columns": self.columns,
            "needles": self.needles,
            "findings": [asdict(finding) for finding in ordered],
        }

    def digest(self) -> str:
        """Give the SHA-256 of the report in hex."""
        body = json.dumps(self.document(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(body.encode()).hexdigest()


def scan(places: Iterable[Place]) -> ScanReport:
    """Search every place; give the report."""
    report = ScanReport()
    for place in places:
        report.needles = max(report.needles, len(place.sought.needles))
        seen = [column for column in columns(place.connection) if _covered(place, column)]
        for table, group in groupby(seen, key=lambda column: (column.schema, column.table)):
            _scan_table(place, table, list(group), report)
    return report


def _covered(place: Place, column: ColumnAt) -> bool:
    # A schema nobody answers for is everybody's: the first role that sees it reports it.
    return column.schema in place.covers and column.table not in BOOKKEEPING


def _scan_table(
    place: Place, table: TableKey, found: Sequence[ColumnAt], report: ScanReport
) -> None:
    note = place.notes.get(table)
    report.tables += 1
    asked: list[tuple[ColumnAt, str, Condition]] = []
    for column in found:
        report.columns += 1
        where = f"{place.database}:{column.name}"
        if note is None or column.column not in note.columns:
            report.findings.append(Finding("unannotated", where))
        if not column.readable:
            report.findings.append(Finding("unreadable", where))
        else:
            asked += _questions(column, note, place.sought)
    if not asked:
        return
    counts = count_rows(place.connection, table, [question for _, _, question in asked])
    for (column, kind, _), rows in zip(asked, counts, strict=True):
        if rows:
            report.findings.append(Finding(kind, f"{place.database}:{column.name}", rows))


def _questions(
    column: ColumnAt, note: TableNote | None, sought: Sought
) -> list[tuple[ColumnAt, str, Condition]]:
    link = None if note is None else getattr(note.columns.get(column.column), "subject", None)
    if link is not None and note is not None and _kept(note):
        return []  # kept on purpose; `fence` checks that nothing else is left in the row
    certain = tuple(needle for needle in sought.needles if not needle.ambiguous)
    doubtful = tuple(needle for needle in sought.needles if needle.ambiguous)
    asked: list[tuple[ColumnAt, str, Condition]] = []
    for kind, needles in (("residue", certain), ("ambiguous", doubtful)):
        part = Sought(needles, sought.pids, sought.numbers)
        numbered = kind == "residue" and link == "surrogate"
        if kind == "ambiguous" and not needles:
            continue
        question = condition(column, part, holds_number=numbered)
        if question is not None and not (kind == "ambiguous" and "pids" in question.values):
            asked.append((column, kind, question))
    return asked


def _kept(note: TableNote) -> bool:
    return note.erasure in {Erasure.FLAG, Erasure.KEEP}


def needles_of(*groups: Iterable[Needle]) -> tuple[Needle, ...]:
    """Give the needles of all groups, each form once."""
    found = {(needle.text, needle.data): needle for group in groups for needle in group}
    return tuple(found.values())
