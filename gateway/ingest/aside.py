"""What becomes of an event that consent allows and that is suspect?  Whoever keeps it decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from gateway.ingest.drafts import Tally
    from gateway.ingest.rules import CompiledRules
    from gateway.ingest.storing import Admitted, Group
    from policies.vocabulary import Suspicion


class Aside(NamedTuple):
    """One event that might be stored, and the reason for which it is not."""

    admitted: Admitted
    suspicion: Suspicion


class Keeper(Protocol):
    """What becomes of suspect events, in the transaction that decides about them."""

    def suspects(self, rules: CompiledRules) -> frozenset[str]:
        """Give the reasons for which *rules* have an event set aside."""

    def keep(self, connection: Connection, group: Group, tally: Tally) -> None:
        """Do what is done with the events that *group* set aside, and count each."""


class KeepNothing:
    """Sets nothing aside: what is suspect is refused, or loses the text."""

    def suspects(self, rules: CompiledRules) -> frozenset[str]:
        """Give no reason."""
        del rules
        return frozenset()

    def keep(self, connection: Connection, group: Group, tally: Tally) -> None:
        """Do nothing; there is nothing."""
