"""What a state remembers of its last events, so that one that comes late needs no history.

Behind the numbers of a state stand the events folded last, since a pause of half a minute, and what
it was before them, its base.  An event that comes late, but after the base, is put among them: they
are taken off again and folded anew with it (``workers.features.late``).  Without it the events of
one person would be read and folded from the first whenever two ways of delivery overtake each
other, which under load is all the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from struct import Struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from workers.features.state import Happened, State

PAUSE_US: Final = 30_000_000  # after one so long, whatever comes late is expected to be older
MOST: Final = 64  # events remembered; past it only the last KEPT of them
KEPT: Final = 32
UNKNOWN: Final = b""  # of a state that was written before there was any of this
WHOLE: Final = b"\x01"  # before the events remembered there was none
_BASED: Final = b"\x02"  # they come after a base

# Everything of a state that is one number, but for its first instant: nothing late changes that.
NUMBERS: Final = (
    "last_at_us",
    "last_mid",
    "events",
    "sessions",
    "session_start_us",
    "session_clicks",
    "closed_seconds",
    "closed_click_seconds",
    "last_step",
    "last_purchase_at_us",
    "amount",
)
NEVER: Final = -(2**63)  # stands for an instant there is not; as a message's number it is one
_PURCHASE: Final = NUMBERS.index("last_purchase_at_us")
_BASE = Struct(f">{len(NUMBERS)}q")
_EVENT = Struct(">qqqh?")  # instant, message, amount, step, click


def numbers(state: State) -> tuple[int, ...]:
    """Give ``NUMBERS`` of *state*."""
    return tuple(NEVER if (each := getattr(state, name)) is None else each for name in NUMBERS)


def restore(state: State, base: Sequence[int]) -> None:
    """Set ``NUMBERS`` of *state*."""
    for name, each in zip(NUMBERS, base, strict=True):
        setattr(state, name, each)
    if base[_PURCHASE] == NEVER:
        state.last_purchase_at_us = None


def based(state: State) -> bytes:
    """Begin anew: *state* as it is now is the base of whatever is folded next."""
    return _BASED + _BASE.pack(*numbers(state))


def noted(events: Iterable[Happened]) -> bytes:
    """Pack *events* as they stand behind a base."""
    return b"".join(
        _EVENT.pack(at_us, mid, amount, step, click)
        for at_us, mid, step, click, amount, _ in events
    )


def base_of(recent: bytes) -> tuple[int, ...] | None:
    """Give the ``NUMBERS`` of the base; ``None`` if there is none."""
    return _BASE.unpack_from(recent, len(_BASED)) if recent[:1] == _BASED else None


def events_of(recent: bytes) -> list[Happened]:
    """Give the events remembered, in their order."""
    return [
        (at_us, mid, step, click, amount, 0)
        for at_us, mid, amount, step, click in _EVENT.iter_unpack(recent[_start(recent) :])
    ]


def without_events(recent: bytes) -> bytes:
    """Forget the events, not the base."""
    return recent[: _start(recent)]


def count(recent: bytes) -> int:
    """Give how many events are remembered."""
    return (len(recent) - _start(recent)) // _EVENT.size


def _start(recent: bytes) -> int:
    return len(_BASED) + (_BASE.size if recent[:1] == _BASED else 0)


def beginning(events: Sequence[Happened], last_us: int | None) -> int:
    """Give where in *events* those begin that are to be remembered.

    Negative: even before the first of them, with what is remembered already.

    Args:
        events: in their order, at least one.
        last_us: the instant of the last event before them, if any.
    """
    for place in range(len(events) - 1, 0, -1):
        if events[place][0] - events[place - 1][0] > PAUSE_US or len(events) - place >= KEPT:
            return place
    return 0 if last_us is not None and events[0][0] - last_us > PAUSE_US else -1
