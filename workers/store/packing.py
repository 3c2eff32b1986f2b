"""How values travel to PostgreSQL in its binary format, packed by hand.

Adapting a value through the driver costs 1 to 2 us; a batch has thousands.  An array packed here
is one parameter and one ``struct`` call (``performance.md``: 25 us against 1.3 us a row).  The
classes name their type, so that the server resolves the statement without casts.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from struct import Struct, pack, unpack
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
from psycopg import Connection as Driver
from psycopg import pq
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, Loader

# Microseconds from the Unix epoch to 2000-01-01, PostgreSQL's own epoch.
EPOCH_US = 946_684_800_000_000

_NULL = b"\xff\xff\xff\xff"
_HEADER = Struct(">iiIii")
ELEMENTS = _HEADER.size  # where the first element of an array stands; an empty one ends before it

# From this many values on numpy packs faster than struct; at 500 it takes a third of the time.
_MANY = 16


class Packed(bytes):
    """A parameter already in PostgreSQL's binary format; ``oid`` is its type."""

    __slots__ = ()
    oid: ClassVar[int]


class _Numbers(Packed):
    """An array of numbers of one width; null elements are ``None``."""

    __slots__ = ()
    element: ClassVar[int]
    letter: ClassVar[str]
    width: ClassVar[int]

    @classmethod
    def of(cls, values: Sequence[int] | Sequence[float]) -> Self:
        """Pack *values*, none of them null.

        Raises:
            OverflowError, struct.error: one does not fit the width.
        """
        count = len(values)
        if not count:
            return cls(_HEADER.pack(0, 0, cls.element, 0, 1)[:12])
        head = _HEADER.pack(1, 0, cls.element, count, 1)
        if count < _MANY:
            sized = chain.from_iterable(zip(repeat(cls.width, count), values, strict=True))
            return cls(head + pack(">" + ("i" + cls.letter) * count, *sized))
        body = np.empty(count, [("width", ">i4"), ("value", f">{cls.letter}")])
        body["width"] = cls.width
        # By way of an array of that very type: assigning a list would cut what does not fit.
        body["value"] = np.array(values, f">{cls.letter}")
        return cls(head + body.tobytes())

    @classmethod
    def of_elements(cls, parts: Iterable[bytes]) -> Self:
        """Join elements that are packed already, each behind its width."""
        body = b"".join(parts)
        if not body:
            return cls.of(())
        return cls(_HEADER.pack(1, 0, cls.element, len(body) // (4 + cls.width), 1) + body)

    @classmethod
    def of_nullable(cls, values: Sequence[int | None] | Sequence[float | None]) -> Self:
        """Pack *values*, of which some may be null."""
        if not values:
            return cls.of(())
        item = Struct(">i" + cls.letter).pack
        body = [_NULL if value is None else item(cls.width, value) for value in values]
        return cls(_HEADER.pack(1, 1, cls.element, len(values), 1) + b"".join(body))


class Int8s(_Numbers):
    """``bigint[]``."""

    __slots__ = ()
    oid, element, letter, width = 1016, 20, "q", 8


class Int4s(_Numbers):
    """``integer[]``."""

    __slots__ = ()
    oid, element, letter, width = 1007, 23, "i", 4


class Int2s(_Numbers):
    """``smallint[]``."""

    __slots__ = ()
    oid, element, letter, width = 1005, 21, "h", 2


class Float8s(_Numbers):
    """``double precision[]``."""

    __slots__ = ()
    oid, element, letter, width = 1022, 701, "d", 8


class Instants(_Numbers):
    """``timestamptz[]`` of microseconds since the Unix epoch."""

    __slots__ = ()
    oid, element, letter, width = 1185, 1184, "q", 8

    @classmethod
    def of_us(cls, instants_us: Iterable[int]) -> Self:
        """Pack instants, none of them null."""
        return cls.of([instant - EPOCH_US for instant in instants_us])

    @classmethod
    def of_nullable_us(cls, instants_us: Iterable[int | None]) -> Self:
        """Pack instants of which some may be null."""
        return cls.of_nullable([None if us is None else us - EPOCH_US for us in instants_us])


class Instant(Packed):
    """One ``timestamptz``."""

    __slots__ = ()
    oid = 1184

    @classmethod
    def of_us(cls, instant_us: int) -> Self:
        """Pack one instant, in microseconds since the Unix epoch."""
        return cls(pack(">q", instant_us - EPOCH_US))


class _Sized(Packed):
    """An array of values that are bytes on the wire; null elements are ``None``."""

    __slots__ = ()
    element: ClassVar[int]

    @classmethod
    def of_bytes(cls, values: Sequence[bytes | None]) -> Self:
        """Pack values given as they travel."""
        if not values:
            return cls(_HEADER.pack(0, 0, cls.element, 0, 1)[:12])
        body = [_NULL if value is None else pack(">i", len(value)) + value for value in values]
        return cls(_HEADER.pack(1, 1, cls.element, len(values), 1) + b"".join(body))


class Uuids(_Sized):
    """``uuid[]`` from 16 bytes each."""

    __slots__ = ()
    oid, element = 2951, 2950


class Texts(_Sized):
    """``text[]``; text may not hold NUL, which PostgreSQL cannot store."""

    __slots__ = ()
    oid, element = 1009, 25

    @classmethod
    def of(cls, values: Sequence[str | None]) -> Self:
        """Pack texts as UTF-8."""
        return cls.of_bytes([None if value is None else value.encode() for value in values])


class Byteas(_Sized):
    """``bytea[]``."""

    __slots__ = ()
    oid, element = 1001, 17


def ragged(rows: Iterable[Sequence[int]]) -> tuple[list[int], list[int], list[int]]:
    """Give one flat list and the first and last position (from 1) of every row in it.

    ``unnest`` cannot give arrays of different lengths, so a statement takes the flat array once and
    slices it, ``flat[lo:hi]``; an empty row has ``hi < lo``, and its slice is the empty array.
    """
    flat: list[int] = []
    first: list[int] = []
    last: list[int] = []
    for row in rows:
        first.append(len(flat) + 1)
        flat.extend(row)
        last.append(len(flat))
    return flat, first, last


def numbers(sent: bytes | None) -> npt.NDArray[np.int64]:
    """Give the elements of an array of numbers as ``array_send`` wrote it; null is no element."""
    if not sent or len(sent) <= _HEADER.size:
        return np.empty(0, np.int64)
    width = unpack(">i", sent[_HEADER.size : _HEADER.size + 4])[0]
    items = np.frombuffer(sent, [("width", ">i4"), ("value", f">i{width}")], offset=_HEADER.size)
    return items["value"].astype(np.int64)


class _PackedDumper(Dumper):
    """Hand the driver what is packed already, with its type."""

    format = pq.Format.BINARY

    def dump(self, obj: Packed) -> Buffer:
        """Give *obj* itself."""
        return obj


def _dumper(packed: type[Packed]) -> type[Dumper]:
    return type(f"{packed.__name__}Dumper", (_PackedDumper,), {"oid": packed.oid})


_PACKED = (Int8s, Int4s, Int2s, Float8s, Instants, Instant, Uuids, Texts, Byteas)
_DUMPERS = {packed: _dumper(packed) for packed in _PACKED}


class MicrosecondLoader(Loader):
    """Give a ``timestamptz`` of a binary result as microseconds since the Unix epoch."""

    format = pq.Format.BINARY

    def load(self, data: Buffer) -> int:
        """Read the eight bytes; infinities are the caller's business, no column holds one."""
        value: int = unpack(">q", data)[0]
        return value + EPOCH_US


class UuidBytesLoader(Loader):
    """Give a ``uuid`` of a binary result as its 16 bytes."""

    format = pq.Format.BINARY

    def load(self, data: Buffer) -> bytes:
        """Copy the bytes out of the driver's buffer."""
        return bytes(data)


def teach(driver: Driver[object]) -> None:
    """Make one connection accept packed parameters and give hot results as integers and bytes.

    Only *binary* results are changed; what SQLAlchemy reads comes as text, so its instants stay
    aware datetimes and its UUIDs stay UUIDs.
    """
    for packed, dumper in _DUMPERS.items():
        driver.adapters.register_dumper(packed, dumper)
    driver.adapters.register_loader("timestamptz", MicrosecondLoader)
    driver.adapters.register_loader("uuid", UuidBytesLoader)
