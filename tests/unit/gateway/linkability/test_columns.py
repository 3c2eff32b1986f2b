"""Rows become values that can be compared, whatever type they were kept in."""

from __future__ import annotations

from gateway.linkability.columns import GRAINS, MOST_VALUES, NUMBER, REAL, WORDS, columns_of

DAY = GRAINS["day"]


def row(subject: int, **values: object) -> dict[str, object]:
    return {"xmin": 900, "subject": subject, **values}


def found(
    table: str, others: list[tuple[str, bool]], *rows: dict[str, object]
) -> dict[str, object]:
    return {
        f"{column.name} {column.family}": column.values
        for column in columns_of(table, "subject", others, rows)
    }


def test_arrays_are_opened_and_what_is_null_says_nothing() -> None:
    columns = found("t", [("c", False)], row(1, c=[1, 2]), row(1, c=None), row(2, c=None))
    assert columns[f"t.c {NUMBER}"] == {1: (1, 2)}


def test_eight_bytes_are_the_number_they_would_be_in_another_column() -> None:
    columns = found("t", [("c", False)], row(1, c=(-5).to_bytes(8, "big", signed=True)))
    assert columns[f"t.c {NUMBER}"] == {1: (-5,)}


def test_values_of_different_kinds_in_one_column_are_kept_apart() -> None:
    columns = found("t", [("c", False)], row(1, c=0.5), row(2, c="word"), row(3, c=True))
    assert columns[f"t.c {REAL}"] == {1: (0.5,)}
    assert columns[f"t.c {WORDS}"] == {2: ("word",)}
    assert "t.c number" not in columns


def test_an_instant_is_also_looked_at_rounded_and_by_what_lies_between() -> None:
    columns = found("t", [("at", True)], row(1, at=3 * DAY + 5), row(1, at=DAY))
    assert columns["t.at, to the day derived"] == {1: (1, 3)}
    assert columns["t.at, the time between derived"] == {1: (2 * DAY + 5,)}


def test_which_transaction_wrote_a_row_is_a_column_too() -> None:
    assert found("t", [], row(1))[f"t.xmin {NUMBER}"] == {1: (900,)}


def test_what_was_done_leaves_out_when_and_by_which_message() -> None:
    events = [row(1, mid=7, at=5, name=3, batch=1), row(2, mid=8, at=9, name=3, batch=2)]
    columns = found("store.event", [("mid", False), ("at", True), ("name", False)], *events)
    done = columns["store.event, what was done derived"]
    assert isinstance(done, dict)
    assert done[1] == done[2]


def test_a_long_array_is_cut() -> None:
    columns = found("t", [("c", False)], row(1, c=list(range(1000))))
    values = columns[f"t.c {NUMBER}"]
    assert isinstance(values, dict)
    assert len(values[1]) == MOST_VALUES
