"""What is packed by hand reads back as what it was."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.store.event_rows import EventRow, again, pack
from workers.store.packing import (
    ELEMENTS,
    EPOCH_US,
    Float8s,
    Int2s,
    Int4s,
    Int8s,
    Texts,
    numbers,
    ragged,
)

FORMATS = "qqqqqdiiiiiiiiiiihh"


def unpack(body: bytes) -> EventRow:
    """Read one row of binary COPY by its definition, one field after the other."""
    (count,) = struct.unpack_from(">h", body)
    assert count == len(EventRow._fields)
    offset, values = 2, list[Any]()
    for place in range(count):
        (size,) = struct.unpack_from(">i", body, offset)
        offset += 4
        if size == -1:
            values.append(None)
            continue
        field = body[offset : offset + size]
        offset += size
        if place == count - 1:
            values.append(field.decode())
        else:
            values += struct.unpack(f">{FORMATS[place]}", field)
    assert offset == len(body)
    values[2] += EPOCH_US
    return EventRow._make(values)


int8 = st.integers(-(2**63), 2**63 - 1)
int4 = st.integers(-(2**31), 2**31 - 1)
int2 = st.integers(-(2**15), 2**15 - 1)
instant = st.integers(0, 4_102_444_800_000_000)  # 1970 to 2100
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
rows = st.builds(
    EventRow,
    *[int8, int8, instant, int8],
    *[st.none() | int8, st.none() | st.floats(allow_nan=False), int4, int4],
    *[st.none() | int4] * 9,
    *[int2, int2, st.none() | text],
)


@given(rows)
def test_a_packed_event_reads_back_unchanged(row: EventRow) -> None:
    assert unpack(pack(row)) == row


@given(rows, int8, int8, int4)
def test_packed_again_it_differs_in_subject_message_and_purposes_alone(
    row: EventRow, subject: int, mid: int, purposes: int
) -> None:
    found = unpack(again(pack(row), row, subject=subject, mid=mid, purposes=purposes))
    assert found == row._replace(subject=subject, mid=mid, purposes=purposes)


def test_a_number_too_large_for_its_column_is_refused_not_cut() -> None:
    row = EventRow(1, 1, 1, 1, None, None, 1, 1, *[None] * 9, 2**15, 0, None)
    with pytest.raises(struct.error):
        pack(row)


@given(st.lists(st.lists(st.integers(0, 99), max_size=4), max_size=6))
def test_slices_of_a_ragged_array_are_its_rows(lists: list[list[int]]) -> None:
    flat, first, last = ragged(lists)
    found = [flat[lo - 1 : hi] for lo, hi in zip(first, last, strict=True)]
    assert found == lists


def test_an_empty_array_has_no_dimension() -> None:
    assert Int8s.of([]) == struct.pack(">iiI", 0, 0, 20)
    assert Texts.of([]) == struct.pack(">iiI", 0, 0, 25)


@pytest.mark.parametrize("count", [1, 15, 16, 40])
@pytest.mark.parametrize("packed", [Int8s, Int4s, Int2s, Float8s])
def test_arrays_are_packed_alike_however_long(packed: type[Int8s], count: int) -> None:
    values = list(range(-5, count - 5))
    widths = struct.pack(f">iiIii{f'i{packed.letter}' * count}", 1, 0, packed.element, count, 1,
                         *[part for value in values for part in (packed.width, value)])  # fmt: skip
    assert packed.of(values) == widths
    assert packed.of(tuple(values)) == widths


@pytest.mark.parametrize("count", [1, 40])
@pytest.mark.parametrize(("packed", "largest"), [(Int8s, 2**63), (Int4s, 2**31), (Int2s, 2**15)])
def test_no_number_is_cut_to_fit_an_array(packed: type[Int8s], largest: int, count: int) -> None:
    packed.of([largest - 1] * count)
    with pytest.raises((struct.error, OverflowError)):
        packed.of([largest] * count)


@given(st.lists(int8, max_size=40), st.lists(int4, max_size=40))
def test_numbers_are_read_from_the_array_as_it_travels(wide: list[int], narrow: list[int]) -> None:
    assert numbers(Int8s.of(wide)).tolist() == wide
    assert numbers(Int4s.of(narrow)).tolist() == narrow
    assert numbers(None).tolist() == []


@given(st.lists(st.lists(int8, max_size=9), max_size=9))
def test_elements_packed_apart_are_one_array(parts: list[list[int]]) -> None:
    elements = [Int8s.of(part)[ELEMENTS:] for part in parts]
    assert Int8s.of_elements(elements) == Int8s.of([each for part in parts for each in part])
