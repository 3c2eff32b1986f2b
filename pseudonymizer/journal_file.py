"""What was erased, written down where no restored backup takes it back (R-54).

A file apart from both databases: one line of JSON for each erasure, appended and synced before
anything is deleted.  It holds random numbers and keyed marks, and nothing that names anybody.  A
line that a crash cut short was of an erasure nobody was told of; it is written anew when the
erasure goes on.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from pseudonymizer.errors import JournalInvalid, JournalMissing, JournalUnavailable

__all__ = ["JournalFile", "Line"]

FORM: Final = 1
MODE: Final = 0o600


@dataclass(frozen=True, slots=True)
class Line:
    """One erasure, with what it takes to do it again on a restored database.

    Attributes:
        subjects: the vault's numbers of the subjects.
        pids: domain and pseudonym, 16 bytes; the domain is empty where it was not written down.
        marks: key version and tombstone mark, 32 bytes, of every identifier.
        done: whether it was carried through, as a line of its own says afterwards.
    """

    id: UUID
    case: UUID
    at: datetime
    reason: str
    subjects: tuple[int, ...]
    pids: tuple[tuple[str, bytes], ...]
    marks: tuple[tuple[int, bytes], ...]
    done: bool = False

    def __repr__(self) -> str:
        return f"Line({self.id}, {len(self.pids)} pseudonyms)"


class JournalFile:
    """The file; many processes may append to it, on one machine or over a shared file system."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def lines(self) -> list[Line]:
        """Give every erasure on record, in the order of the file.

        Raises:
            JournalInvalid: a line cannot be read; nobody knows who is to stay erased.
            JournalUnavailable: the file cannot be opened.
        """
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            raise JournalMissing(f"{self._path} is missing; the journal was needed") from None
        except OSError:
            raise JournalUnavailable("the erasure journal cannot be read") from None
        *whole, _torn = raw.split(b"\n")
        found: dict[UUID, Line] = {}
        for number, each in enumerate(whole, start=1):
            line = _parsed(number, each, found)
            found[line.id] = line
        return list(found.values())

    def make(self) -> None:
        """Make the file, of an installation that has erased nobody yet."""
        try:
            with self._exclusively():
                pass
        except OSError:
            raise JournalUnavailable("the erasure journal cannot be made") from None

    def exists(self) -> bool:
        """Say whether there is a file."""
        return self._path.exists()

    def finish(self, erasure: UUID) -> None:
        """Write down that an erasure on record was carried through."""
        if any(line.id == erasure and not line.done for line in self.lines()):
            self._write([_finished(erasure)])

    def append(self, *lines: Line) -> int:
        """Write down erasures that are not yet; give how many.  They are durable on return.

        Raises:
            JournalInvalid, JournalUnavailable: as ``lines``; nothing was written.
        """
        known = {line.id for line in self.lines()} if lines else set()
        fresh = [line for line in lines if line.id not in known]
        if fresh:
            # Twice, if another process writes the same at once: it is read as one.
            self._write([_written(line) for line in fresh])
        return len(fresh)

    def _write(self, whole: list[bytes]) -> None:
        written = b"".join(whole)
        try:
            with self._exclusively() as descriptor:
                _cut_torn(descriptor)
                while written:
                    written = written[os.write(descriptor, written) :]
                os.fsync(descriptor)
        except OSError:
            raise JournalUnavailable("the erasure journal cannot be written") from None

    @contextmanager
    def _exclusively(self) -> Iterator[int]:
        """Open the file for appending, with no other process at it; make it if there is none."""
        flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        made = not self._path.exists()
        descriptor = os.open(self._path, flags | os.O_CREAT, MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if made:
                _sync_folder(self._path.parent)
            yield descriptor
        finally:
            os.close(descriptor)


def _cut_torn(descriptor: int) -> None:
    """Drop what stands after the last whole line."""
    size = os.fstat(descriptor).st_size
    end = os.pread(descriptor, size, 0).rfind(b"\n") + 1
    if end < size:
        os.ftruncate(descriptor, end)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _written(line: Line) -> bytes:
    document = {
        "form": FORM,
        "id": str(line.id),
        "case": str(line.case),
        "at": line.at.isoformat(),
        "reason": line.reason,
        "subjects": list(line.subjects),
        "pids": [[domain, pid.hex()] for domain, pid in line.pids],
        "marks": [[version, mark.hex()] for version, mark in line.marks],
    }
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def _finished(erasure: UUID) -> bytes:
    return json.dumps({"form": FORM, "done": str(erasure)}, separators=(",", ":")).encode() + b"\n"


def _parsed(number: int, raw: bytes, before: Mapping[UUID, Line]) -> Line:
    try:
        said: dict[str, Any] = json.loads(raw)
        if "done" in said:
            return replace(before[UUID({FORM: said["done"]}[said["form"]])], done=True)
        return Line(
            id=UUID({FORM: said["id"]}[said["form"]]),
            case=UUID(said["case"]),
            at=datetime.fromisoformat(said["at"]),
            reason=str(said["reason"]),
            subjects=tuple(int(each) for each in said["subjects"]),
            pids=tuple((str(domain), bytes.fromhex(pid)) for domain, pid in said["pids"]),
            marks=tuple((int(version), bytes.fromhex(mark)) for version, mark in said["marks"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise JournalInvalid(
            f"line {number} of the erasure journal cannot be read; a copy of the file was needed"
        ) from None
