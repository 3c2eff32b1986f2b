"""What must stand in a text before a pattern can match in it: so many digits, such signs.

Read off the pattern itself, so that no pattern can be forgotten, and only ever too little: what is
not understood needs nothing, and is searched for in every text.  ``test_needs`` holds it to that.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from re import _constants as ops  # type: ignore[attr-defined]  # private, as is the next
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final, NamedTuple

_LETTERS: Final = re.compile(r"\\p\{\w+\}")  # `regex` knows them, `re` does not; never digits


class Needs(NamedTuple):
    """At least so many digits of any script, and all these ASCII signs."""

    digits: int
    signs: frozenset[str]


class _Seen(NamedTuple):
    """What a part takes, and what it must see ahead or behind of it, which others may take."""

    digits: int = 0
    beside: int = 0
    signs: frozenset[str] = frozenset()


NOTHING: Final = Needs(0, frozenset())


def needs(pattern: str, flags: int) -> Needs:
    r"""Give what a text must hold for *pattern* to match in it.

    ``\K`` only moves the beginning of what was matched.
    """
    try:
        found = _sequence(parsed(pattern, flags))
    except re.error:
        return NOTHING
    return Needs(max(found.digits, found.beside), found.signs)


def parsed(pattern: str, flags: int) -> Any:  # noqa: ANN401  # nested lists of constants
    """Take *pattern* apart; every letter of `regex` counts as one of `re`."""
    spelled = _LETTERS.sub(r"\\w", pattern).replace(r"\K", "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about sets that look nested
        return parser.parse(spelled, flags)


def _sequence(parts: Iterable[tuple[Any, Any]]) -> _Seen:
    seen = [_part(operation, argument) for operation, argument in parts]
    return _Seen(
        sum(each.digits for each in seen),
        max((each.beside for each in seen), default=0),
        frozenset[str]().union(*(each.signs for each in seen)),
    )


def _part(operation: Any, argument: Any) -> _Seen:  # noqa: ANN401  # constants and nested lists
    read = _READ.get(operation)
    return read(argument) if read is not None else _Seen()


def _repeated(argument: Any) -> _Seen:  # noqa: ANN401
    least, _, part = argument
    once = _sequence(part)
    return once._replace(digits=least * once.digits) if least else _Seen()


def _looked_at(argument: Any) -> _Seen:  # noqa: ANN401
    seen = _sequence(argument[1])
    return _Seen(0, max(seen.digits, seen.beside), seen.signs)


def _literal(character: str) -> _Seen:
    if character.isdecimal():
        return _Seen(1)
    sign = character.isascii() and not character.isalnum() and character not in "_ \t\n\r\f\v"
    return _Seen(signs=frozenset(character) if sign else frozenset())


def _is_digit(operation: Any, argument: Any) -> bool:  # noqa: ANN401
    if operation is ops.LITERAL:
        return str.isdecimal(chr(argument))
    if operation is ops.RANGE:
        return bool(ord("0") <= argument[0] <= argument[1] <= ord("9"))
    return bool(operation is ops.CATEGORY and argument is ops.CATEGORY_DIGIT)


def _weakest(branches: list[_Seen]) -> _Seen:
    return _Seen(
        min(each.digits for each in branches),
        min(each.beside for each in branches),
        frozenset.intersection(*(each.signs for each in branches)),
    )


_READ: Final[dict[Any, Callable[[Any], _Seen]]] = {
    ops.LITERAL: lambda argument: _literal(chr(argument)),
    ops.IN: lambda argument: _Seen(int(all(_is_digit(*each) for each in argument))),
    ops.BRANCH: lambda argument: _weakest([_sequence(each) for each in argument[1]]),
    ops.SUBPATTERN: lambda argument: _sequence(argument[-1]),
    ops.ATOMIC_GROUP: _sequence,
    ops.ASSERT: _looked_at,
    **dict.fromkeys((ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT), _repeated),
}
