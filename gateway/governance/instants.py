"""The store's instants, for whoever reads an export."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(at_us: int) -> datetime:
    """Give microseconds since 1970 as an aware instant, in UTC."""
    return EPOCH + timedelta(microseconds=at_us)
