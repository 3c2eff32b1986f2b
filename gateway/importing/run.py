"""How is a file carried through the pipeline, batch by batch, resumable without duplicates?

A row's message id is the file's digest and the row's number, so a batch that
was committed but not noted is stored again as duplicates, never twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from sqlalchemy import Engine

from gateway.importing.errors import MapInvalid
from gateway.importing.events import take
from gateway.importing.files import Row, columns_of, digest_of, rows
from gateway.importing.mapping import Map
from gateway.ingest.drafts import Tally
from gateway.ingest.service import IngestService
from gateway.ingest.storing import DUPLICATE, NOTED, STORED
from gateway.ingest.wire import Assertion, Decoded, Request
from workers.store import imports
from workers.store.imports import ImportRow
from workers.store.transactions import transaction

BATCH_ROWS = 2_000
Progress = Callable[[int], None]


@dataclass(slots=True)
class Report:
    """What became of the rows of a file, over all runs of this import."""

    received: int = 0
    stored: int = 0
    duplicates: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    def add(self, tally: Tally) -> None:
        """Add what one committed batch counted."""
        for (_, _, outcome), count in tally.outcomes.items():
            if outcome in (STORED, NOTED):
                self.stored += count
            elif outcome == DUPLICATE:
                self.duplicates += count
            else:
                self.refused[outcome] = self.refused.get(outcome, 0) + count

    def counts(self) -> dict[str, int]:
        """Give the report flat, as the store keeps it."""
        refused = {f"refused:{reason}": count for reason, count in self.refused.items()}
        own = {"received": self.received, "stored": self.stored, "duplicates": self.duplicates}
        return own | refused

    @classmethod
    def of(cls, counts: dict[str, int]) -> Report:
        """Read a report back."""
        refused = {
            key.removeprefix("refused:"): count
            for key, count in counts.items()
            if key.startswith("refused:")
        }
        said = counts.get
        return cls(said("received", 0), said("stored", 0), said("duplicates", 0), refused)


@dataclass(frozen=True, slots=True)
class Import:
    """One file to be imported for one source."""

    path: Path
    map: Map
    source: int
    assertion: Assertion | None


def run(ingest: IngestService, store: Engine, wanted: Import, progress: Progress) -> Report:
    """Import the file, going on where an interrupted run stopped.

    A finished import that is run again starts at the first row: every event is
    then a duplicate, and the report says so.

    Raises:
        MapInvalid: the map names a column the file does not have.
        FileUnreadable: the file is not of its format; batches before stay.
    """
    _check_columns(wanted)
    digest = digest_of(wanted.path)
    with transaction(store) as connection:
        begun = imports.start(connection, wanted.source, digest, wanted.map.digest)
    fresh = begun.finished_at_us is not None
    done = 0 if fresh else begun.rows_done
    report = Report() if fresh else Report.of(begun.counts)
    progress(done)
    for batch in _batches(wanted.path, done):
        decoded = Decoded()
        for number, row in batch:
            message_id = f"{digest.hex()}:{number}"
            take(decoded, row, wanted.map, message_id, wanted.assertion)
        request = Request(wanted.source, decoded, ingest.clock_us())
        report.add(ingest.store_group([request]))
        report.received += len(batch)
        done += len(batch)
        _note(store, begun, done, report)
        progress(done)
    with transaction(store) as connection:
        imports.finish(connection, begun.id)
    return report


def _check_columns(wanted: Import) -> None:
    declared = columns_of(wanted.path)
    missing = sorted(wanted.map.columns() - declared) if declared is not None else []
    if missing:
        raise MapInvalid(f"The map reads columns the file does not have: {', '.join(missing)}.")


def _batches(path: Path, done: int) -> Iterator[list[tuple[int, Row | None]]]:
    numbered = islice(enumerate(rows(path)), done, None)
    while batch := list(islice(numbered, BATCH_ROWS)):
        yield batch


def _note(store: Engine, begun: ImportRow, done: int, report: Report) -> None:
    with transaction(store) as connection:
        imports.advance(connection, begun.id, rows_done=done, counts=report.counts())
