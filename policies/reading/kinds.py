"""What a key of a rulebook file may hold: the kinds of value, and the key itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is not blank."""

    longest: int = 500

    def told(self) -> str:
        """Give it in the words of the reference."""
        return f"a text of up to {self.longest} characters"


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of texts, each at most once."""

    longest: int = 100

    def told(self) -> str:
        """Give it in the words of the reference."""
        return "a list of texts"


@dataclass(frozen=True, slots=True)
class Label:
    """A French and an English text."""

    longest: int = 1000

    def told(self) -> str:
        """Give it in the words of the reference."""
        return "`{fr: …, en: …}`"


@dataclass(frozen=True, slots=True)
class Flag:
    """``true`` or ``false``."""

    def told(self) -> str:
        """Give it in the words of the reference."""
        return "`true` or `false`"


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number within bounds."""

    least: int
    most: int

    def told(self) -> str:
        """Give it in the words of the reference."""
        return f"a whole number from {self.least} to {self.most}"


@dataclass(frozen=True, slots=True)
class Period:
    """A period in days, months or years."""

    def told(self) -> str:
        """Give it in the words of the reference."""
        return "a period"


@dataclass(frozen=True, slots=True)
class Word:
    """One of a closed list of words; *but* are those of the list that are refused here."""

    words: type[StrEnum]
    but: frozenset[str] = frozenset()

    def told(self) -> str:
        """Give it in the words of the reference."""
        return " ".join(f"`{word}`" for word in self.words if word not in self.but)


@dataclass(frozen=True, slots=True)
class Reference:
    """A key that *file* declares."""

    file: str

    def told(self) -> str:
        """Give it in the words of the reference."""
        return f"a key of {self.file}"


@dataclass(frozen=True, slots=True)
class References:
    """A list of keys that *file* declares, each at most once."""

    file: str

    def told(self) -> str:
        """Give it in the words of the reference."""
        return f"a list of keys of {self.file}"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A mapping from each of *what* to the purposes it speaks for."""

    what: str

    def told(self) -> str:
        """Give it in the words of the reference."""
        return f"{self.what}, and the purposes it speaks for"


@dataclass(frozen=True, slots=True)
class Condition:
    """The tree that says who is in a segment."""

    def told(self) -> str:
        """Give it in the words of the reference."""
        return "a condition"


@dataclass(frozen=True, slots=True)
class Inside:
    """A mapping with keys of its own."""

    keys: Form

    def told(self) -> str:
        """Give it in the words of the reference."""
        return "a mapping"


@dataclass(frozen=True, slots=True)
class Each:
    """A mapping by *name*, of mappings that have the same keys; *names* is a closed list."""

    name: str
    keys: Form
    names: type[StrEnum] | None = None

    def told(self) -> str:
        """Give it in the words of the reference."""
        return f"by key, one {self.name} each{self._closed()}"

    def _closed(self) -> str:
        return "" if self.names is None else ": " + " ".join(f"`{each}`" for each in self.names)


Holds: TypeAlias = (
    Text | Texts | Label | Flag | Whole | Period | Word | Reference | References | Spoken
    | Condition | Inside | Each
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Key:
    """One key: what it holds, what it says, and what counts where it is left out.

    ``otherwise`` is empty where the key must be there.
    """

    holds: Holds
    says: str = ""
    otherwise: str = ""


Form: TypeAlias = Mapping[str, Key]
"""The keys of one mapping, in the order in which they are explained."""
