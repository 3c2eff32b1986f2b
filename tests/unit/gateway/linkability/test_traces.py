"""Names beside pseudonyms are counted by person, once, and told apart by what they give away."""

from __future__ import annotations

import uuid
from pathlib import Path

from gateway.linkability import traces
from gateway.linkability.finding import Finder
from gateway.linkability.people import Person, Pseudonym, needles, owners
from gateway.linkability.reading import Cell
from gateway.linkability.report import Question

PIDS = [uuid.UUID(int=(8 << 76) + (number << 90) + 0x1234567890AB).bytes for number in range(1, 5)]
ADA = Person(
    (Pseudonym(1, PIDS[0], 11), Pseudonym(2, PIDS[1], 12)), (("email", "ada.lovelace@example.org"),)
)
GRACE = Person((Pseudonym(1, PIDS[2], 21),), (("email", "grace.hopper@example.com"),))
PEOPLE = [ADA, GRACE]
FINDER = Finder(needles(PEOPLE))
TEXT = [str(uuid.UUID(bytes=pid)) for pid in PIDS]


def place(*records: tuple[object, ...]) -> traces.Place:
    return traces.in_records("log", records, FINDER)["log"]


def test_ones_own_identifier_in_ones_own_row_is_a_link() -> None:
    cells = [
        Cell("t.text", 11, "from ada.lovelace@example.org"),
        Cell("t.text", 12, "nothing"),
        Cell("t.text", 21, "ADA.LOVELACE%40EXAMPLE.ORG"),
    ]
    found = traces.in_rows(cells, FINDER, owners(PEOPLE))["t.text"]
    assert (found.own, found.others) == ({0}, {0})


def test_an_identifier_beside_a_pseudonym_is_a_link_and_alone_it_is_exposed() -> None:
    found = place(
        (f"pid={TEXT[0]} mail=ada.lovelace@example.org",),
        ("mail=grace.hopper@example.com",),
        (f"{TEXT[0]} {TEXT[1]}",),
        (TEXT[2],),
    )
    assert (found.beside, found.exposed, found.crossed) == ({0}, {1}, {0})


def test_a_name_beside_anothers_pseudonym_is_no_link_between_the_two() -> None:
    found = place((f"{TEXT[2]} ada.lovelace@example.org",))
    assert (found.beside, found.exposed) == (set(), {0})


def test_the_columns_of_a_row_belong_together() -> None:
    assert place((TEXT[0], b"ada.lovelace@example.org")).beside == {0}


def test_each_is_an_outcome_of_its_own_and_none_at_all_bounds_the_rate() -> None:
    found = traces.links({"log": place(("mail=grace.hopper@example.com",))}, 2)
    assert {outcome.name: outcome.right for outcome in found} == {
        "log": 0,
        "log: the identifier alone": 1,
    }
    question = Question(2, found)
    assert question.worst == 0.5
    assert traces.links({"log": traces.Place()}, 200)[0].interval.high < 0.0183


def test_files_are_read_from_their_end_and_links_are_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "gateway.log").write_bytes(b"first\nsecond \xff\n")
    (tmp_path / "elsewhere").write_text("not ours")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    files = traces.Files()
    assert list(files.lines([folder])) == [("first\n",), ("second \ufffd\n",)]
    assert (files.files, files.bytes, files.whole) == (1, 15, True)


def test_of_a_large_file_the_end_is_read_and_the_report_says_so(tmp_path: Path) -> None:
    with (tmp_path / "big.log").open("wb") as log:
        log.truncate(traces.MOST_BYTES + 100)
        log.seek(0, 2)
        log.write(b"\nthe last line\n")
    files = traces.Files()
    *_, last = files.lines([tmp_path])
    assert last == ("the last line\n",)
    assert not files.whole
    assert files.bytes == traces.MOST_BYTES
