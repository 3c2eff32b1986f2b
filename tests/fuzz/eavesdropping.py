"""Where might somebody's address turn up who was in a request?  All that is said about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.support.canaries import CONTROL, ENCODINGS, KANARI
from tests.support.front import Front
from tests.support.run import Run

COUNTED = (
    "select event, outcome from store.decision_count",
    "select event, property from store.dropped_count",
)
WORDS = "select value from store.dictionary where kind > 1 union select text from store.event"


@dataclass
class Eavesdropper:
    """Searches what the application and its database say, from now on."""

    front: Front
    run: Run

    def __post_init__(self) -> None:
        # The server's log quotes a row that it refuses: nothing sent may bring it to that.
        self._log = self.run.folder / "server.log"
        self._read = self._log.stat().st_size if self._log.exists() else 0

    def heard(self, *said: str) -> list[str]:
        """Name what is repeated in *said*, counters, metrics or the log of the database."""
        shown = {f"output {number}": text for number, text in enumerate(said)}
        shown["metrics"] = self.front.client.get("/metrics", headers=self.front.dpo).text
        shown["counters"] = str([self.front.rows(statement) for statement in COUNTED])
        shown["log of the database"] = self._since(self._log)
        return list(_found(shown.items(), (*KANARI.cores, *CONTROL.cores)))

    def kept(self) -> list[str]:
        """Give the words of events that hold an address which came whole, however it is spelled.

        Only what tells by itself whose it is: a customer number that stands where a category was
        expected, in an event of somebody else, is a category as far as anybody can see.
        """
        whole = [encode(KANARI.email).lower() for encode in ENCODINGS.values()]
        words = [str(word) for (word,) in self.front.rows(WORDS) if word]
        return [word for word in words if any(each in word.lower() for each in whole)]

    def _since(self, log: Path) -> str:
        if not log.exists():  # a server of somebody else's
            return ""
        with log.open("rb") as lines:
            lines.seek(self._read)
            return lines.read().decode("utf-8", "replace")


def _found(shown: Iterable[tuple[str, str]], cores: tuple[str, ...]) -> Iterable[str]:
    for where, text in shown:
        low = text.lower()
        yield from (f"{where} repeats {core}" for core in cores if core in low)
