"""Under which names does the store know these people, while everybody gets other pseudonyms?

Somebody is registered once, by the pseudonym of one epoch.  What the vault said of them names all
that it may be; the store says, in the transaction that writes, which epoch people are registered
by (decision 39).
"""

from __future__ import annotations

from collections.abc import Iterable

from pseudonymizer.lookup import Called
from workers.store.errors import PseudonymsMoved
from workers.store.pseudonyms import SETTLED, Epochs, Renaming

__all__ = ["every_name", "renaming"]


def renaming(people: Iterable[Called], epochs: Epochs) -> Renaming:
    """Give how *people* are called in the store, where they may have names of *epochs*.

    Raises:
        PseudonymsMoved: the vault's answer is older than that, or one of the databases is.
    """
    former: dict[bytes, bytes] = {}
    written: dict[bytes, bytes] = {}
    for each in people:
        if not each.pids or (not each.past and each.epoch == epochs.first == epochs.epoch):
            continue
        first = each.epoch - len(each.past)
        if not epochs.within(first, each.epoch):
            raise PseudonymsMoved
        for past in each.past:
            former.update((past[domain], pid) for domain, pid in each.pids.items())
        if epochs.epoch < each.epoch:
            names = each.past[epochs.epoch - first]
            written.update((pid, names[domain]) for domain, pid in each.pids.items())
    return Renaming(former, written) if former else SETTLED


def every_name(called: Called) -> list[bytes]:
    """Give every pseudonym that somebody may be registered by."""
    return [pid for names in (called.pids or {}, *called.past) for pid in names.values()]
