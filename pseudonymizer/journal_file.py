"""What was erased, written down where no restored backup takes it back (R-54).

A file apart from both databases: one line of JSON for each erasure, appended and synced before
anything is deleted.  It holds random numbers and keyed marks, and nothing that names anybody.  A
line that a crash cut short was of an erasure nobody was told of; it is written anew when the
erasure goes on.  It is only ever added to, but when the key of the marks is rotated.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO, Final
from uuid import UUID

from pseudonymizer.errors import JournalInvalid, JournalMissing, JournalUnavailable

__all__ = ["JournalFile", "Line"]

FORM: Final = 1
MODE: Final = 0o600

Mark = tuple[int, bytes]
"""A version of the key, and a tombstone's mark under it."""


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
    marks: tuple[Mark, ...]
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

    def renest(self, nest: Callable[[Iterable[Mark]], Mapping[Mark, Mark]]) -> int:
        """Bring the marks on record to a later version of their key; give how many lines changed.

        The file is replaced as a whole, beside itself and synced: a crash leaves the old or the new
        one.  Whoever waits to append finds that it was, and opens the new one.  Owner and group
        stay: a command run by root would otherwise lock the gateways out.

        Raises:
            JournalInvalid, JournalMissing, JournalUnavailable: as ``lines``; nothing was changed.
        """
        try:
            with self._exclusively() as descriptor:
                lines = self.lines()
                nested = nest({mark for line in lines for mark in line.marks})
                made = [
                    replace(line, marks=tuple(nested[mark] for mark in line.marks))
                    for line in lines
                ]
                changed = sum(a != b for a, b in zip(lines, made, strict=True))
                if changed:
                    self._replace(made, descriptor)
        except OSError:
            raise JournalUnavailable("the erasure journal cannot be written") from None
        return changed

    def check_replaceable(self) -> None:
        """See that ``renest`` could put another file in the place of this one, by making a draft.

        Raises:
            JournalUnavailable: this account may not, or the new file would not be the gateways'.
        """
        try:
            with self._exclusively() as descriptor, self._draft(descriptor):
                pass
        except OSError:
            raise JournalUnavailable("the erasure journal cannot be written") from None

    def _replace(self, lines: Sequence[Line], old: int) -> None:
        with self._draft(old) as (draft, file):
            for line in lines:
                file.write(_written(line) + (_finished(line.id) if line.done else b""))
            file.flush()
            os.fsync(file.fileno())
            draft.replace(self._path)
        _sync_folder(self._path.parent)

    @contextmanager
    def _draft(self, old: int) -> Iterator[tuple[Path, BinaryIO]]:
        """Make an empty file beside the *old* one, whose it is, too; gone unless it was renamed."""
        draft = self._path.with_name(f".{self._path.name}.{token_hex(8)}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(draft, flags, MODE), "wb") as file:
                _give(file.fileno(), os.fstat(old))
                yield draft, file
        finally:
            draft.unlink(missing_ok=True)

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
        descriptor = self._locked(flags)
        try:
            if made:
                _sync_folder(self._path.parent)
            yield descriptor
        finally:
            os.close(descriptor)

    def _locked(self, flags: int) -> int:
        """Open and lock the file; once more where it was replaced while we waited."""
        while True:
            descriptor = os.open(self._path, flags | os.O_CREAT, MODE)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            here = os.fstat(descriptor)
            if self._path.exists() and os.path.samestat(here, self._path.stat()):
                return descriptor
            os.close(descriptor)


def _give(descriptor: int, old: os.stat_result) -> None:
    """Have a new file belong to whoever the old one belongs to."""
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) == (old.st_uid, old.st_gid):
        return
    try:
        os.fchown(descriptor, old.st_uid, old.st_gid)
    except PermissionError:
        raise JournalUnavailable(
            "the erasure journal is another account's; that account, or root, was needed"
        ) from None


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
