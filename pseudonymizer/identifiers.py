"""How does a value that names a person travel inside this process, and no further?"""

from __future__ import annotations

from typing import Final, NoReturn

__all__ = ["DirectIdentifier"]


class DirectIdentifier:
    """A value that names a person: an e-mail address, a phone or customer number.

    ``reveal`` is the one way to the text, so a search for that word lists every
    place that sees it.  ``repr``, ``str`` and ``format`` are redacted; pickling,
    copying and JSON are refused, which keeps it out of task queues.  Two of them
    are equal only when they are the same object: comparing texts is the blind
    index's work, and it does it in constant time.
    """

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text: Final = text

    def reveal(self) -> str:
        """Give the text; the caller must not log, store or send it."""
        return self.__text

    def __repr__(self) -> str:
        return "DirectIdentifier(…)"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("direct identifiers do not leave this process; send a pseudonym")

    def __getstate__(self) -> NoReturn:
        self.__reduce__()
