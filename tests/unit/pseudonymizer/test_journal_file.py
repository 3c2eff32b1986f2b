"""The erasure journal outside the databases: whole lines, each once, whatever a crash leaves."""

from __future__ import annotations

import multiprocessing
import os
import stat
import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pseudonymizer.errors import JournalInvalid, JournalMissing, JournalUnavailable
from pseudonymizer.journal_file import JournalFile, Line, Mark

BIG = st.integers(1, 2**62)
LINES = st.builds(
    Line,
    id=st.uuids(),
    case=st.uuids(),
    at=st.datetimes(timezones=st.just(UTC)),
    reason=st.just("erasure"),
    subjects=st.lists(BIG, max_size=3).map(tuple),
    pids=st.lists(
        st.tuples(st.sampled_from(["", "marketing"]), st.binary(min_size=16, max_size=16)),
        max_size=3,
    ).map(tuple),
    marks=st.lists(
        st.tuples(st.integers(1, 9), st.binary(min_size=32, max_size=32)), max_size=3
    ).map(tuple),
)


def line(number: int = 0) -> Line:
    return Line(
        id=uuid.UUID(int=number),
        case=uuid.UUID(int=1000 + number),
        at=datetime(2026, 11, 30, tzinfo=UTC),
        reason="erasure",
        subjects=(number,),
        pids=(("marketing", bytes(16)),),
        marks=((1, bytes(32)),),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "erasures.jsonl"


def begun(path: Path) -> JournalFile:
    file = JournalFile(path)
    file.make()
    return file


@given(st.lists(LINES, max_size=5, unique_by=lambda each: each.id))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, lines: list[Line]
) -> None:
    file = begun(tmp_path_factory.mktemp("journal") / "erasures.jsonl")
    assert file.append(*lines) == len(lines)
    assert file.append(*lines) == 0
    assert file.lines() == lines


def test_no_file_is_no_journal(path: Path) -> None:
    file = JournalFile(path)
    with pytest.raises(JournalMissing):
        file.lines()
    with pytest.raises(JournalMissing):
        file.append(line())
    file.make()
    assert file.lines() == []


def test_an_erasure_that_was_carried_through_is_said_to_be(path: Path) -> None:
    file = begun(path)
    file.append(line(1), line(2))
    file.finish(line(2).id)
    file.finish(line(2).id)
    file.finish(line(3).id)
    assert file.lines() == [line(1), replace(line(2), done=True)]
    assert path.read_bytes().count(b"\n") == 3


def test_nobody_else_may_read_it(path: Path) -> None:
    begun(path).append(line())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("kept", [1, 40, -1])
def test_a_line_that_a_crash_cut_short_is_written_anew(path: Path, kept: int) -> None:
    file = begun(path)
    file.append(line(1))
    whole = path.read_bytes()
    file.append(line(2))
    second = path.read_bytes()[len(whole) :]
    path.write_bytes(whole + second[:kept])
    assert file.lines() == [line(1)]
    assert file.append(line(2)) == 1
    assert file.lines() == [line(1), line(2)]


@pytest.mark.parametrize(
    "raw", [b"{}\n", b"[]\n", b"null\n", b"\xff\n", b"\n", b'{"form": 2, "id": "x"}\n']
)
def test_a_line_that_cannot_be_read_is_refused_by_its_number(path: Path, raw: bytes) -> None:
    file = begun(path)
    file.append(line(1))
    path.write_bytes(path.read_bytes() + raw)
    with pytest.raises(JournalInvalid, match="line 2"):
        file.lines()
    before = path.read_bytes()
    with pytest.raises(JournalInvalid):
        file.append(line(2))
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(JournalUnavailable):
        JournalFile(tmp_path / "nowhere" / "erasures.jsonl").make()


def test_a_full_disk_loses_nothing_that_was_there(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = begun(path)
    file.append(line(1))

    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(JournalUnavailable):
            file.append(line(2))
    assert file.lines() == [line(1)]


def nested(marks: Iterable[Mark]) -> dict[Mark, Mark]:
    return {mark: (2, bytes(reversed(mark[1]))) for mark in marks}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_a_file_replaced_by_root_stays_the_gateways(path: Path) -> None:
    file = begun(path)
    file.append(line(1))
    os.chown(path, 4321, 8765)
    assert file.renest(nested) == 1
    there = path.stat()
    assert (there.st_uid, there.st_gid) == (4321, 8765)
    assert stat.S_IMODE(there.st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_file_of_an_account_that_cannot_be_given_it_is_not_replaced(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the kernel answers who is not root, and meets a draft that is not the gateways'."""
    file = begun(path)
    file.append(line(1))
    before, known = path.read_bytes(), os.fstat

    def theirs(descriptor: int) -> os.stat_result:
        found = known(descriptor)
        if found.st_size:  # the journal; a draft is empty yet
            return os.stat_result((*found[:4], 4321, 8765, *found[6:]))
        return found

    def refused(_descriptor: int, _uid: int, _gid: int) -> None:
        raise PermissionError

    with monkeypatch.context() as patched:
        patched.setattr(os, "fchown", refused)
        file.check_replaceable()
        patched.setattr("pseudonymizer.journal_file.os.fstat", theirs)
        patched.setattr(os.path, "samestat", lambda _one, _other: True)
        for attempt in (file.check_replaceable, lambda: file.renest(nested)):
            with pytest.raises(JournalUnavailable, match="another account's"):
                attempt()
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def _append(path: Path, numbers: range) -> None:
    for number in numbers:
        JournalFile(path).append(line(number))


def test_many_processes_write_whole_lines(path: Path) -> None:
    begun(path)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_append, args=(path, range(n, n + 20))) for n in (0, 10, 20)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(each.subjects[0] for each in JournalFile(path).lines()) == list(range(40))
