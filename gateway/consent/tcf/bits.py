"""One segment of a TC string, read from its first bit to its last."""

from __future__ import annotations

from binascii import a2b_base64
from typing import Final

from gateway.consent.tcf.flaws import Flaw, TcInvalid

PADDING: Final = 23  # zero bits at the end, at most: encoders fill up to whole characters and bytes

_TO_STANDARD = str.maketrans("-_", "+/")


class Bits:
    """What is left of a segment.

    Args:
        text: base64url without padding, of its alphabet only.

    Raises:
        TcInvalid: no bytes have that length.
    """

    __slots__ = ("_left", "_value")

    def __init__(self, text: str) -> None:
        over = len(text) % 4
        if over == 1:
            raise TcInvalid(Flaw.ALPHABET)
        filled = text + "A" * (-over % 4)
        packed = a2b_base64(filled.translate(_TO_STANDARD))
        self._left = 6 * len(text)
        self._value = int.from_bytes(packed) >> (8 * len(packed) - self._left)

    def take(self, width: int) -> int:
        """Give the next *width* bits as a number.

        Raises:
            TcInvalid: there are fewer.
        """
        self._left -= width
        if self._left < 0:
            raise TcInvalid(Flaw.TRUNCATED)
        return self._value >> self._left & (1 << width) - 1

    def numbers(self, width: int) -> frozenset[int]:
        """Give the numbers, from 1, of those of the next *width* bits that are set."""
        mask = self.take(width)
        if not mask:
            return frozenset()
        return frozenset(each for each in range(1, width + 1) if mask >> (width - each) & 1)

    def letters(self) -> str:
        """Give two letters of six bits, as capitals.

        Raises:
            TcInvalid: they are none.
        """
        first, second = self.take(6), self.take(6)
        if first > 25 or second > 25:
            raise TcInvalid(Flaw.LETTERS)
        return chr(65 + first) + chr(65 + second)

    def end(self) -> None:
        """See to it that nothing comes any more.

        Raises:
            TcInvalid: something does, or more filling than any encoder needs.
        """
        if self._left > PADDING or self._value & (1 << self._left) - 1:
            raise TcInvalid(Flaw.TRAILING)
