"""When did an event happen, given clocks we do not control?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST_US = 946_684_800_000_000  # 2000-01-01: nothing older is behaviour of a shop
FORWARD_US = 5 * 60 * 1_000_000  # a clock this far ahead is corrected to the time of receipt
_MICROSECOND = timedelta(microseconds=1)
_SHORTEST_EPOCH_MS = 10  # digits; shorter numbers are not milliseconds since 2001


def instant_us(text: str | float | None) -> int | None:
    """Read an ISO 8601 instant (or milliseconds since the epoch) as microseconds UTC.

    ``None`` for anything that is neither.  A value without a zone is UTC: the
    tracking protocols say so, and guessing a place would move consent.
    """
    if not isinstance(text, str):
        if text is None or isinstance(text, bool):
            return None
        millis = int(text) if text == text and abs(text) < 1e15 else 0  # noqa: PLR0124  # NaN
        return millis * 1_000 if len(str(millis)) > _SHORTEST_EPOCH_MS else None
    if not text.isprintable():  # the parser looks past a NUL at the end
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return None
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    try:
        return (value - EPOCH) // _MICROSECOND
    except OverflowError:
        return None


def corrected_us(original_us: int, sent_us: int | None, received_us: int) -> int:
    """Correct an event's instant by the sender's clock error.

    ``timestamp = receivedAt - (sentAt - originalTimestamp)``: the delay between
    event and sending is right even on a wrong clock.  Source: Segment HTTP
    Tracking API.  An event a little in the future is set to its receipt.
    """
    at_us = original_us if sent_us is None else received_us - (sent_us - original_us)
    if received_us < at_us <= received_us + FORWARD_US:
        return received_us
    return at_us
