"""One event as the bytes of a row in PostgreSQL's binary COPY format.

A row is the number of columns, then for each its length and its bytes; a null is a length of -1
and nothing else.  Events of one kind have the same columns null, so a ``Struct`` is made once a
pattern of nulls and kept: packing a row is one call.
"""

from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter
from struct import Struct
from typing import Any, Final, NamedTuple

from workers.store.packing import EPOCH_US

Packer = Callable[..., bytes]
Dealer = Callable[[tuple[Any, ...]], tuple[Any, ...]]

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


# One letter a column, in order; the last column is text and packed apart.
_LETTERS: Final = "qqqqqdiiiiiiiiiiihh"
_WIDTHS: Final = {"q": 8, "d": 8, "i": 4, "h": 2}
_NULLABLE: Final = (4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16)
_NULL: Final = -1
_SIZE: Final = Struct(">i").pack
_NO_TEXT: Final = _SIZE(_NULL)

# What a row needs besides its values.  The instant in PostgreSQL's epoch and these are put behind
# the row, and ``itemgetter`` deals values and lengths out in the order of the wire: the whole
# interleaving happens in C.
_COUNT: Final = len(EventRow._fields)
_AT, _WIRE_AT = 2, _COUNT
_CONSTANTS: Final = (_COUNT, _NULL, 8, 4, 2)
_KEY: Final = Struct(">hiqiq").pack  # subject and message, which stand first
_KEY_ENDS: Final = 26
_PURPOSES: Final = Struct(">i").pack
_PURPOSES_AT: Final = 86  # unless amount or number are null: then eight bytes before, for each
_PLACE: Final = {constant: place for place, constant in enumerate(_CONSTANTS, _COUNT + 1)}


def pack(row: EventRow) -> bytes:
    """Give the bytes of one row, about 1.6 us each; a COPY is ``HEADER``, rows and ``FOOTER``.

    Raises:
        struct.error: a number does not fit its column.
    """
    # A comparison a column, written out, takes half the time of a comprehension.
    (_, _, at, _, amount, number, _, _, page, product, category, label, campaign, referrer, device,
     quantity, duration, _, _, words) = row  # fmt: skip
    packer, dealt = _pattern((
        amount is None, number is None, page is None, product is None, category is None,
        label is None, campaign is None, referrer is None, device is None, quantity is None,
        duration is None,
    ))  # fmt: skip
    body = packer(*dealt((*row, at - EPOCH_US, *_CONSTANTS)))
    if words is None:
        return body + _NO_TEXT
    text = words.encode()
    return body + _SIZE(len(text)) + text


def again(packed: bytes, row: EventRow, *, subject: int, mid: int, purposes: int) -> bytes:
    """Give *row* about another subject, out of what it was *packed* in; its values stay.

    What an event says is one thing, however many domains it is stored in.
    """
    at = _PURPOSES_AT - 8 * ((row.amount is None) + (row.number is None))
    return b"".join(
        (
            _KEY(_COUNT, 8, subject, 8, mid),
            packed[_KEY_ENDS:at],
            _PURPOSES(purposes),
            packed[at + 4 :],
        )
    )


@lru_cache(maxsize=2048)
def _pattern(nulls: tuple[bool, ...]) -> tuple[Packer, Dealer]:
    """Give what packs rows with just these of the nullable columns null."""
    absent = {column for column, null in zip(_NULLABLE, nulls, strict=True) if null}
    letters, places = "h", [_PLACE[_COUNT]]
    for column, letter in enumerate(_LETTERS):
        letters += "i"
        if column in absent:
            places.append(_PLACE[_NULL])
        else:
            letters += letter
            places += [_PLACE[_WIDTHS[letter]], _WIRE_AT if column == _AT else column]
    return Struct(f">{letters}").pack, itemgetter(*places)
