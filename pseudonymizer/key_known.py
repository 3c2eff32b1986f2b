"""Which versions of a key are there, as far as this process knows?  One memory for every driver."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Generic, Protocol, TypeVar

from pseudonymizer.errors import KeyDestroyed, KeyServiceInvalid, KeyUnavailable, KeyUnknown
from pseudonymizer.key_names import use_of
from pseudonymizer.key_port import Use

__all__ = ["Known", "Seen"]


class Seen(Protocol):
    """What a service says of one key."""

    @property
    def latest(self) -> int:
        """The version that makes new values."""
        ...

    @property
    def live(self) -> tuple[int, ...]:
        """The versions that may be computed with, oldest first."""
        ...

    @property
    def withheld(self) -> Collection[int]:
        """Those whose material is there and may not be used, for now or for good."""
        ...

    @property
    def identities(self) -> Mapping[int, str]:
        """What the service calls each version itself, where it has such names."""
        ...


SeenT = TypeVar("SeenT", bound=Seen)


class Known(Generic[SeenT]):
    """What the service said of each key when it was first asked; from any thread."""

    def __init__(self, ask: Callable[[str], SeenT | None]) -> None:
        self._ask = ask
        self._seen: dict[str, SeenT] = {}
        self._used: dict[tuple[str, int], str] = {}

    def forget(self) -> None:
        """Ask again at the next question."""
        # A new table, not an emptied one: who is asking now puts what was so into the old one.
        self._seen = {}

    def find(self, name: str) -> SeenT | None:
        """Ask the service about a key, whatever is known of it; ``None`` where it has none.

        Raises:
            KeyServiceInvalid: a version is another key than this process computed with before,
                or the newest one is gone, which would be made again as another.
        """
        found = self._ask(name)
        used = {version: one for (key, version), one in list(self._used.items()) if key == name}
        if used and (found is None or found.latest < max(used)):
            raise KeyServiceInvalid("the newest version of a key is gone; it was needed")
        for version, identity in used.items():
            # Marks under the one would match none under the other, and nobody would be found.
            if found is not None and found.identities.get(version, identity) != identity:
                raise KeyServiceInvalid("another key took a version's place; the same was needed")
        return found

    def look(self, name: str) -> SeenT:
        """Ask the service about a key.

        Raises:
            KeyUnknown: it has none of this name.
        """
        found = self.find(name)
        if found is None:
            raise KeyUnknown(
                "the key service has no such key; one that `paravent keys status` lists was needed"
            )
        return found

    def seen(self, name: str) -> SeenT:
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
            KeyUnavailable: it is there, and the service lets nobody use it.
        """
        seen = self.seen(name)
        if use_of(name) != use or not 1 <= version <= seen.latest:
            raise KeyUnknown(f"no version {version} of a key for this use; a listed one was needed")
        if version in seen.withheld:
            raise KeyUnavailable(f"version {version} of the key is withheld; its use was needed")
        if version not in seen.live:
            raise KeyDestroyed(f"version {version} of the key was destroyed; a live one was needed")
        if version in seen.identities:
            self._used[name, version] = seen.identities[version]
