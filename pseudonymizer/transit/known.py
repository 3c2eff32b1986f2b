"""Which versions of a key are there, as far as this process knows?"""

from __future__ import annotations

from pseudonymizer.errors import KeyDestroyed, KeyUnknown
from pseudonymizer.key_port import Use
from pseudonymizer.transit import answers
from pseudonymizer.transit.answers import Seen
from pseudonymizer.transit.client import Client
from pseudonymizer.transit.names import theirs, use_of

__all__ = ["Known"]


class Known:
    """What the service said of each key when it was first asked; from any thread."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._seen: dict[str, Seen] = {}

    def forget(self) -> None:
        """Ask again at the next question."""
        # A new table, not an emptied one: who is asking now puts what was so into the old one.
        self._seen = {}

    def find(self, name: str) -> Seen | None:
        """Ask the service about a key, whatever is known of it; ``None`` where it has none."""
        found = self._client.read(f"keys/{theirs(name)}")
        return None if found is None else answers.seen(found, use_of(name))

    def look(self, name: str) -> Seen:
        """Ask the service about a key.

        Raises:
            KeyUnknown: it has none of this name.
        """
        found = self.find(name)
        if found is None:
            raise KeyUnknown("the key service has no such key; one that `attest` lists was needed")
        return found

    def seen(self, name: str) -> Seen:
        """Give what is known of a key; ask where nothing is."""
        table = self._seen
        if name not in table:
            table[name] = self.look(name)
        return table[name]

    def refuse_unless_live(self, name: str, version: int, use: Use) -> None:
        """Refuse a version that there is not, or not for *use*.

        Raises:
            KeyUnknown: it never was, or the key is for something else.
            KeyDestroyed: it is gone.
        """
        seen = self.seen(name)
        if use_of(name) != use or not 1 <= version <= seen.latest:
            raise KeyUnknown(f"no version {version} of a key for this use; a listed one was needed")
        if version < seen.first:
            raise KeyDestroyed(f"version {version} of the key was destroyed; a live one was needed")
