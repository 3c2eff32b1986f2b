"""What happens to an installation, when, and for how long: dealt from a seed.

Each deck holds every card once, so a run that is long enough for one deck has killed and frozen
every process; the dice shuffle it and choose the pauses.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

PROCESSES = ("gateway", "postgres", "valkey-server", "relay", "worker", "beat")
WITH_CHILDREN = ("postgres", "worker")
UP = "up"  # who starts and tends all the others
DISK = "disk"
LINES = "lines"


class Harm(Enum):
    """What can happen to a process, or to the disk."""

    KILL = "killed"  # it and its children, as by a kernel short of memory
    BEHEAD = "beheaded"  # it alone: its children are left behind
    MAIM = "maimed"  # one of its children
    FREEZE = "frozen"  # it neither answers nor hangs up, then goes on as if nothing had been
    SLOW = "slowed"  # it is frozen most of the time, as on a disk that can do no more
    CUT = "cut"  # a connection of ours is ended by the server, as by whoever administers it
    FILL = "filled"  # no byte is left on the disk of the installation


KILLING = (Harm.KILL, Harm.BEHEAD, Harm.MAIM)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that happens: after a pause, to somebody, for a while."""

    pause_s: float
    harm: Harm
    target: str
    lasts_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Weather:
    """How rough it gets."""

    longest_pause_s: float
    longest_freeze_s: float
    fill_s: float
    gateway_dies_every: int = 1  # decks: between two deaths there is a life to look for leaks in
    all_fall: bool = False
    more_kills: int = 0  # of each card that kills, so many more in a deck


SQUALL = Weather(longest_pause_s=0.6, longest_freeze_s=0.8, fill_s=1.0)  # a deck takes 15 seconds
# The longest freeze outlasts the gateway's patience.
STORM = Weather(
    longest_pause_s=4.0, longest_freeze_s=9.0, fill_s=4.0, gateway_dies_every=3, all_fall=True
)
# Kills most of all: some twenty-seven a deck of a minute and a half.
HAIL = Weather(
    longest_pause_s=0.8,
    longest_freeze_s=9.0,
    fill_s=4.0,
    gateway_dies_every=2,
    all_fall=True,
    more_kills=2,
)

CARDS = (
    *((Harm.KILL, name) for name in PROCESSES),
    *((Harm.FREEZE, name) for name in PROCESSES),
    *((Harm.MAIM, name) for name in WITH_CHILDREN),
    (Harm.BEHEAD, "postgres"),
    (Harm.SLOW, "postgres"),
    (Harm.FILL, DISK),
    *[(Harm.CUT, LINES)] * 3,
)
DEATH = (Harm.KILL, "gateway")
FALLS = ((Harm.KILL, UP), (Harm.BEHEAD, UP))


def decks(roll: random.Random, weather: Weather) -> Iterator[list[Fault]]:
    """Give one shuffled deck after the other, without end."""
    for number in itertools.count():
        cards = [*CARDS, *[card for card in CARDS if card[0] in KILLING] * weather.more_kills]
        if number % weather.gateway_dies_every:
            cards = [card for card in cards if card != DEATH]
        elif weather.all_fall:
            cards += FALLS
        roll.shuffle(cards)
        yield [_fault(roll, weather, *card) for card in cards]


def _fault(roll: random.Random, weather: Weather, harm: Harm, target: str) -> Fault:
    # Short ones are the more frequent: what goes wrong at the brim of a timeout is found by many.
    freeze_s = weather.longest_freeze_s * (0.1 + 0.9 * roll.random() ** 2)
    lasts_s = {Harm.FREEZE: freeze_s, Harm.SLOW: freeze_s, Harm.FILL: weather.fill_s}
    return Fault(
        pause_s=roll.random() * weather.longest_pause_s,
        harm=harm,
        target=target,
        lasts_s=lasts_s.get(harm, 0.0),
    )
