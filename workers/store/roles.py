"""What does an event of some name mean to the fold: which step is it, and is it a click?"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from policies.ruleset import RuleSet
from workers.features.state import NO_STEP, Happened
from workers.store.facts import Facts

Histories = dict[int, list[Happened]]


class Roles:
    """The roles of a rulebook's event names, by their numbers in the dictionary.

    A name of an older rulebook has no step and is no click.
    """

    def __init__(self, rules: RuleSet, names: Mapping[str, int]) -> None:
        """Number the roles; *names* gives the dictionary number of each event name."""
        steps = {step: at for at, step in enumerate(rules.steps)}
        self._by_name = {
            names[name]: (NO_STEP if rule.step is None else steps[rule.step], rule.click)
            for name, rule in rules.events.items()
        }
        self._known = np.array(sorted(self._by_name), np.int64)
        roles = [self._by_name[name] for name in self._known.tolist()]
        # The last place is that of every name not known.
        self._steps = np.array([*(step for step, _ in roles), NO_STEP], np.int64)
        self._clicks = np.array([*(click for _, click in roles), False], np.bool_)

    def of(self, name: int) -> tuple[int, bool]:
        """Give step and click of one event."""
        return self._by_name.get(name, (NO_STEP, False))

    def histories(self, facts: Facts) -> Histories:
        """Give the events of each subject as the fold takes them, in its order."""
        places = self._places(facts.name)
        roles = (self._steps[places], self._clicks[places])
        columns = (facts.at_us, facts.mid, *roles, facts.amount, facts.name)
        whole = list(zip(*(column.tolist() for column in columns), strict=True))
        subjects = facts.subject
        starts = np.flatnonzero(np.diff(subjects, prepend=subjects[:1] - 1))
        ends = [*starts.tolist(), len(subjects)]
        return {
            subject: whole[start:end]
            for subject, (start, end) in zip(subjects[starts].tolist(), pairwise(ends), strict=True)
        }

    def _places(self, names: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
        """Give where each of *names* stands among those known; the place behind them if nowhere."""
        known = self._known
        places = np.searchsorted(known, names)
        missing = known[np.minimum(places, len(known) - 1)] != names if len(known) else True
        return np.where(missing, len(known), places)
