"""One event as the bytes of a row in PostgreSQL's binary COPY format.

A row is the number of columns, then for each its length and its bytes; a null is a length of -1
and nothing else.  Events of one kind have the same columns null, so a ``Struct`` is made once a
pattern of nulls and kept: packing a row is one call.
"""

from struct import Struct
from typing import Final, NamedTuple

HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
FOOTER: Final = b"\xff\xff"


class EventRow(NamedTuple):
    """One event, column by column in the order of the table.

    Dictionary numbers stand for texts; ``amount`` is in minor units, ``duration`` in seconds,
    ``purposes`` a bit mask.
    """

    subject: int
    mid: int
    at: int  # microseconds since the Unix epoch
    batch: int
    amount: int | None
    number: float | None
    name: int
    purposes: int
    page: int | None
    product: int | None
    category: int | None
    label: int | None
    campaign: int | None
    referrer: int | None
    device: int | None
    quantity: int | None
    duration: int | None
    source: int
    kind: int
    text: str | None


COLUMNS: Final = len(EventRow._fields)
_LETTERS: Final = "qqqqqdiiiiiiiiiiihh"
_WIDTHS: Final = tuple({"q": 8, "d": 8, "i": 4, "h": 2}[letter] for letter in _LETTERS)
_TEXT_NULL: Final = b"\xff\xff\xff\xff"
_TEXT_SIZE: Final = Struct(">i").pack
