"""No cell becomes a formula, and what was written is read back."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.governance.spreadsheets import sheet

COMPUTED = "=+-@\t\r"


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=";"))


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", '"=1"', "'=1", "\uff1d1",
     "-2+3;cmd|' /C calc'!A0"],
)  # fmt: skip
def test_a_cell_that_would_be_computed_is_text(cell: str) -> None:
    ((said,),) = read(sheet(["x"], [[cell]]))[1:]
    assert said == f"'{cell}"


@given(st.lists(st.lists(st.text(max_size=20), min_size=2, max_size=2), max_size=5))
def test_what_is_written_is_read_back_and_never_begins_with_a_sign(rows: list[list[str]]) -> None:
    rows = [[cell.replace("\x00", "") for cell in row] for row in rows]
    found = read(sheet(["one", "two"], rows))[1:]
    plain = [[cell.removeprefix("'") if cell not in row else cell for cell in got]
             for got, row in zip(found, rows, strict=True)]  # fmt: skip
    assert plain == rows
    assert not any(cell.lstrip(" \"'").startswith(tuple(COMPUTED)) and not cell.startswith("'")
                   for row in found for cell in row)  # fmt: skip


def test_a_number_and_nothing_are_cells_too() -> None:
    assert read(sheet(["a", "b"], [[3, None]])) == [["a", "b"], ["3", ""]]
