"""Why is a TC string refused?"""

from enum import StrEnum


class Flaw(StrEnum):
    """What is wrong with a TC string; each means that it grants nothing."""

    TOO_LONG = "too_long"
    ALPHABET = "alphabet"  # not base64url, or a length that no bytes have
    TRUNCATED = "truncated"
    TRAILING = "trailing"  # something stands behind its last field
    VERSION = "version"
    SEGMENT = "segment"  # of an unknown type, or there twice
    LETTERS = "letters"  # of the language or the country
    RANGES = "ranges"  # empty, out of order, or beyond the highest vendor
    RESTRICTION = "restriction"  # of no known purpose or type
    POLICY_VERSION = "policy_version"
    NOT_SERVICE_SPECIFIC = "not_service_specific"
    DATES_DIFFER = "dates_differ"
    FROM_THE_FUTURE = "from_the_future"
    EXPIRED = "expired"
    BEFORE_NOTICE = "before_notice"
    LEGITIMATE_INTEREST = "legitimate_interest"  # claimed for purposes 3 to 6
    NOT_DISCLOSED = "not_disclosed"  # the vendor was not shown, or nobody says who was


class TcInvalid(ValueError):
    """A TC string that grants nothing.  It says which flaw, never a part of the string."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw
