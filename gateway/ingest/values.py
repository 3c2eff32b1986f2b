"""How does one declared property become a column value, or nothing?

A value that is not what the rulebook declares is dropped and counted, never
stored "as is" and never a reason to refuse its event.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

INT4_MAX = 2**31 - 1
# Cents; ten billion of the currency is more than any order, and so little that nine million of
# them fit the 64 bits in which one person's are added up.  Two amounts that only fit their column
# do not, and nothing more of that person could be folded.
MAX_MINOR = 10**12
LEAST_TELLING = 10**8  # nine digits: a French telephone number without its zero
EXACT_CENTS = 1e12  # far below 2**53 cents, so that every cent has a float of its own
MAX_NUMBER_TEXT = 40  # characters; longer is not a number anybody meant


def integer(value: object) -> int | None:
    """Give a whole number that fits 32 bits."""
    if type(value) is int:
        return value if abs(value) <= INT4_MAX else None
    number = _decimal(value)
    if number is None or number != number.to_integral_value():
        return None
    whole = int(number)
    return whole if abs(whole) <= INT4_MAX else None


def number(value: object) -> float | None:
    """Give a finite number."""
    decimal = _decimal(value)
    return None if decimal is None else float(decimal)


def money(value: object) -> int | None:
    """Give an amount in minor units (cents), rounded half to even, of at most ``MAX_MINOR``."""
    if type(value) is float and abs(value) < EXACT_CENTS:
        # The shortest decimal of a float whose cents give it back has no more than two places.
        minor = round(value * 100)
        if minor / 100 == value:
            return minor if abs(minor) <= MAX_MINOR else None
    decimal = _decimal(value)
    if decimal is None:
        return None
    minor = int((decimal * 100).to_integral_value())
    return minor if abs(minor) <= MAX_MINOR else None


def text(value: object, limit: int) -> str | None:
    """Give a string of at most *limit* characters without NUL, which PostgreSQL cannot hold."""
    if isinstance(value, str):
        said = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        said = str(value)
    else:
        return None
    return said if said and len(said) <= limit and "\x00" not in said else None


def telling(value: float, *, minor: bool) -> str | None:
    """Give a number so large that it may be somebody's, as it would be written; else ``None``.

    A telephone, card or customer number in a field for prices is still that number.

    Args:
        value: what one of the functions above gave.
        minor: whether it is in cents.
    """
    whole = abs(int(value)) // (100 if minor else 1)
    return f"{whole} +{whole} 0{whole}" if whole >= LEAST_TELLING else None


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    said = str(value).strip()
    if len(said) > MAX_NUMBER_TEXT:
        return None
    try:
        decimal = Decimal(said)
    except InvalidOperation:
        return None
    # An exponent of thousands would turn into as many digits below.
    return decimal if decimal.is_finite() and abs(decimal.adjusted()) <= MAX_NUMBER_TEXT else None
