"""CSV that a French spreadsheet opens as it is, and in which no cell becomes a formula.

Semicolons, because the comma is the decimal sign there; a byte order mark, without which Excel
reads another encoding; CRLF (RFC 4180).  A cell that begins with a sign a spreadsheet computes
with is written behind an apostrophe (OWASP, "CSV Injection").
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

MEDIA_TYPE: Final = "text/csv; charset=utf-8"
_MARK: Final = "\ufeff"
# The full-width forms, too: some spreadsheets read them as the sign.
_COMPUTED: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def sheet(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Give one sheet: its heads, then its rows."""
    page = io.StringIO(newline="")
    writer = csv.writer(page, delimiter=";", lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    for row in (heads, *rows):
        writer.writerow([_harmless(cell) for cell in row])
    return _MARK + page.getvalue()


def _harmless(cell: object) -> str:
    text = "" if cell is None else str(cell)
    # Blanks before the sign do not keep a spreadsheet from computing, nor do quotes.
    return f"'{text}" if text.lstrip(" \"'").startswith(_COMPUTED) else text
