"""A mapping of a rulebook file, taken apart key by key; what is left over at the end is a fault.

With the form of the mapping (``policies.reading.schema``) bounds come from there, and what the
form does not have cannot be asked for.  Examples have no form: their readers say what they want.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final, NoReturn, TypeVar

from policies.reading.kinds import (
    Each,
    Flag,
    Form,
    Holds,
    Inside,
    Key,
    Label,
    Period,
    Reference,
    References,
    Spoken,
    Text,
    Texts,
    Whole,
    Word,
)
from policies.reading.source import Value

Words = TypeVar("Words", bound=StrEnum)
Kind = TypeVar("Kind", bound=Holds)

KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PERIOD: Final = re.compile(r"([1-9][0-9]{0,3}) (day|month|year)s?")
# A month is a twelfth of 365.25 days and a period a whole number of days, so that "25 months"
# means the same number of days to everybody: 761.  6 months are 183 days, 13 months 396.
_DAYS_IN: Final = {"day": 1.0, "month": 365.25 / 12, "year": 365.25}
LONGEST: Final = timedelta(days=36_525)


class Entry:
    """One mapping being read.  Call ``done`` after the last key."""

    def __init__(self, value: Value, form: Form | None = None) -> None:
        if not isinstance(value.content, dict):
            value.fault("this is not a mapping", "Indent its keys under it.")
        self.value = value
        self._left = dict(value.content)
        self._form = form
        self._known: list[str] = []

    def done(self) -> None:
        """Refuse the keys nobody asked for.

        Raises:
            RulebookInvalid: there is one.
        """
        names = list(self._known if self._form is None else self._form)
        for key, value in self._left.items():
            near = difflib.get_close_matches(key, names, n=1)
            known = ", ".join(names)
            hint = f"Did you mean `{near[0]}`?" if near else f"Remove it; known keys: {known}."
            value.fault("the key is unknown here", hint)

    def has(self, key: str) -> bool:
        """Say whether *key* is there and not yet taken."""
        return key in self._left

    def take(self, key: str) -> Value:
        """Take the value of *key*, which must be there.

        Raises:
            RulebookInvalid: it is not, or it is empty.
        """
        value = self.maybe(key)
        if value is None:
            return self.value.fault("the key is missing", f"Add `{key}:`.", key=key)
        return value

    def maybe(self, key: str) -> Value | None:
        """Take the value of *key* if it is there; an empty value counts as a fault."""
        if self._form is not None and key not in self._form:
            raise LookupError(f"{self.value.file} has no key {key} in the schema")
        self._known.append(key)
        value = self._left.pop(key, None)
        if value is not None and value.content is None:
            value.fault("the value is empty", "Write a value, or remove the key.")
        return value

    def _held(self, key: str, kind: type[Kind], unsaid: Kind | None = None) -> Kind:
        """Give what the form says *key* holds; *unsaid* where there is no form."""
        holds = unsaid if self._form is None else self._form[key].holds
        if not isinstance(holds, kind):
            raise TypeError(f"{self.value.file}: {key} holds no {kind.__name__} by the schema")
        return holds

    def entry(self, key: str) -> Entry:
        """Take a mapping."""
        form = None if self._form is None else self._held(key, Inside).keys
        return Entry(self.take(key), form)

    def entries(self, key: str) -> Iterator[tuple[str, Entry]]:
        """Take a mapping of mappings whose keys are plain lower-case words."""
        each = self._held(key, Each)
        for name, value in named(self.take(key)):
            if each.names is not None and name not in [*each.names]:
                known = ", ".join(each.names)
                value.fault(f"there is no such {each.name}", f"Use one of: {known}.")
            yield name, Entry(value, each.keys)

    def free_entries(self, key: str) -> Iterator[tuple[str, Entry]]:
        """Take a mapping of mappings whose keys are any texts."""
        each = self._held(key, Each)
        for name, value in Entry(self.take(key)).members():
            yield name, Entry(value, each.keys)

    def spoken(self, key: str) -> list[tuple[str, Value]]:
        """Take a mapping from signals to what they speak for."""
        self._held(key, Spoken)
        return Entry(self.take(key)).members()

    def members(self) -> list[tuple[str, Value]]:
        """Take whatever is left, by key."""
        left = list(self._left.items())
        self._left.clear()
        return left

    def raw_text(self, key: str) -> str | None:
        """Take a text as it is, blanks included, or ``None`` when the key is absent."""
        value = self.maybe(key)
        if value is None or isinstance(value.content, str):
            return None if value is None else str(value.content)
        return value.fault("this is not a text", "Write a text, in quotes.")

    def text(self, key: str) -> str:
        """Take a text of one line or several, without blanks around it."""
        return as_text(self.take(key), longest=self._held(key, Text, Text()).longest)

    def maybe_text(self, key: str) -> str | None:
        """Take a text, or ``None`` when the key is absent."""
        value = self.maybe(key)
        longest = self._held(key, Text, Text()).longest
        return None if value is None else as_text(value, longest=longest)

    def labels(self, key: str = "label") -> tuple[str, str]:
        """Take a French and an English text."""
        longest = self._held(key, Label, Label()).longest
        entry = Entry(self.take(key), {each: Key(Text(longest)) for each in ("fr", "en")})
        both = entry.text("fr"), entry.text("en")
        entry.done()
        return both

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """Take ``true`` or ``false``; without a *default* the key must be there."""
        self._held(key, Flag, Flag())
        value = self.take(key) if default is None else self.maybe(key)
        if value is None:
            return bool(default)
        if not isinstance(value.content, bool):
            return value.fault("this is neither true nor false", "Write `true` or `false`.")
        return value.content

    def whole(self, key: str, within: Whole | None = None, *, default: int | None = None) -> int:
        """Take a whole number within bounds: those of the form, unless *within* is narrower."""
        bounds = within or self._held(key, Whole)
        value = self.take(key) if default is None else self.maybe(key)
        if value is None:
            return int(default or 0)
        number = value.content
        if (
            not isinstance(number, int)
            or isinstance(number, bool)
            or not bounds.least <= number <= bounds.most
        ):
            return value.fault(
                "this is not a whole number in range",
                f"Write one from {bounds.least} to {bounds.most}.",
            )
        return number

    def period(self, key: str) -> timedelta:
        """Take a period such as ``25 months``."""
        self._held(key, Period, Period())
        return as_period(self.take(key))

    def maybe_period(self, key: str) -> timedelta | None:
        """Take a period, or ``None`` when the key is absent."""
        return self.period(key) if self.has(key) else None

    def word(self, key: str, words: type[Words], *, default: Words | None = None) -> Words:
        """Take one of a closed list of words."""
        value = self.take(key) if default is None else self.maybe(key)
        if value is None and default is not None:
            return default
        return as_word(value or self.value, words, self._held(key, Word, Word(words)).but)

    def maybe_word(self, key: str, words: type[Words]) -> Words | None:
        """Take one of a closed list of words, or ``None`` when the key is absent."""
        value, but = self.maybe(key), self._held(key, Word, Word(words)).but
        return None if value is None else as_word(value, words, but)

    def reference(self, key: str, declared: Iterable[str], *, file: str = "") -> str:
        """Take a key that another file declares."""
        file = self._held(key, Reference, Reference(file)).file
        return as_reference(self.take(key), declared, file=file)

    def maybe_reference(self, key: str, declared: Iterable[str]) -> str | None:
        """Take a key that another file declares, or ``None`` when absent."""
        return self.reference(key, declared) if self.has(key) else None

    def references(self, key: str, declared: Iterable[str], *, file: str = "") -> tuple[str, ...]:
        """Take a list of keys that another file declares, each at most once."""
        file, declared = self._held(key, References, References(file)).file, tuple(declared)
        found = [as_reference(item, declared, file=file) for item in as_list(self.take(key))]
        self._refuse_twice(key, found)
        return tuple(found)

    def texts(self, key: str) -> tuple[str, ...]:
        """Take a list of texts, each at most once; absent means empty."""
        value, longest = self.maybe(key), self._held(key, Texts, Texts()).longest
        if value is None:
            return ()
        found = [as_text(item, longest=longest) for item in as_list(value)]
        self._refuse_twice(key, found)
        return tuple(found)

    def _refuse_twice(self, key: str, found: Sequence[str]) -> None:
        if len(set(found)) < len(found):
            self.value.fault("the list names something twice", "Keep one of the two.", key=key)

    def fault(self, key: str, what: str, advice: str) -> NoReturn:
        """Refuse the file because of *key*, or of the whole entry.

        Raises:
            RulebookInvalid: always.
        """
        content = self.value.content
        if isinstance(content, dict) and key in content:
            content[key].fault(what, advice)
        self.value.fault(what, advice, key=key or None)


def named(value: Value) -> Iterator[tuple[str, Value]]:
    """Give the members of a mapping whose keys must be plain lower-case words."""
    for name, member in Entry(value).members():
        if not KEY.fullmatch(name):
            member.fault("the name is not plain", "Use lower-case letters, digits and `_`.")
        yield name, member


def as_list(value: Value) -> list[Value]:
    """Give a list."""
    if not isinstance(value.content, list):
        return value.fault("this is not a list", "Write `[a, b]`, or one `- item` a line.")
    return value.content


def as_text(value: Value, *, longest: int) -> str:
    """Give a text that is not blank; a number or a date must be quoted to be one."""
    text = value.content
    if not isinstance(text, str):
        return value.fault("this is not a text", "Write a text; put quotes around a number.")
    if not text.strip() or len(text) > longest:
        value.fault("the text is empty or too long", f"Write 1 to {longest} characters.")
    return text.strip()


def as_period(value: Value) -> timedelta:
    """Give a period in whole days."""
    found = _PERIOD.fullmatch(str(value.content))
    days = round(int(found[1]) * _DAYS_IN[found[2]]) if found else 0
    if not found or timedelta(days=days) > LONGEST:
        value.fault("this is not a period", "Write `90 days`, `25 months` or `3 years`.")
    return timedelta(days=days)


def as_word(value: Value, words: type[Words], but: Collection[str] = ()) -> Words:
    """Give a member of a closed list, of which some are refused here."""
    for word in words:
        if value.content == word.value and word not in but:
            return word
    known = ", ".join(word for word in words if word not in but)
    return value.fault("the word is not one of the known ones", f"Use one of: {known}.")


def as_reference(value: Value, declared: Iterable[str], *, file: str) -> str:
    """Give a key that *file* declares."""
    known = tuple(declared)
    key = value.content
    if isinstance(key, str) and key in known:
        return key
    near = difflib.get_close_matches(str(key), known, n=1)
    hint = f"Did you mean `{near[0]}`?" if near else f"Declare it in {file} first."
    return value.fault(f"the name is not declared in {file}", hint)
