"""Presidio's phone recogniser, made four times cheaper, with the same findings.

It asks ``phonenumbers`` once per country, and the library parses every run of digits it meets,
prices and dates as well.  A run with fewer digits than any valid number has is not parsed here.
``test_phones`` compares the findings with those of Presidio's own class.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import phonenumbers
import phonenumbers.phonenumberutil as rules
import regex
from phonenumbers import PhoneNumberMatch, PhoneNumberMatcher
from phonenumbers.phonemetadata import PhoneMetadata, PhoneNumberDesc
from presidio_analyzer import EntityRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts
from presidio_analyzer.predefined_recognizers import PhoneRecognizer

LENIENCY: Final = 1  # phonenumbers' VALID, Presidio's default
_PUNCTUATION: Final = rules._VALID_PUNCTUATION  # noqa: SLF001  # the library's own class, whatever it holds
_PLUS: Final = rules._PLUS_CHARS  # noqa: SLF001
_BRACKETS: Final = r"(\[" + "\uff08\uff3b"  # the library lets them stand before a number
_GAP: Final = f"[{_PUNCTUATION}]{{0,4}}"
_LEAD: Final = f"[{_PLUS}][{_PUNCTUATION}{_PLUS}{_BRACKETS}]{{0,9}}"
_OTHERS: Final = "\x80-\U0010ffff"  # digits of any script; what is none costs a parse only
_ZERO: Final = f"[0{_OTHERS}]"
_SHARING: Final = 5
_MANY: Final = 20  # of a hundred beginnings; more tell hardly anything from a price
_DIGIT: Final = re.compile(r"\d")


class PhoneNumberRecognizer(PhoneRecognizer):
    """Finds phone numbers of *regions*, and those of any country with their ``+``."""

    def __init__(self, regions: tuple[str, ...], *, language: str, context: list[str]) -> None:
        super().__init__(
            context=context,
            supported_language=language,
            supported_regions=regions,
            leniency=LENIENCY,
        )

    def analyze(
        self,
        text: str,
        entities: list[str],  # noqa: ARG002  # Presidio's signature
        nlp_artifacts: NlpArtifacts | None = None,
    ) -> list[RecognizerResult]:
        """Find the numbers of every region, each place once."""
        found = {
            (match.start, match.end): match
            for region in self.supported_regions
            if _may_be_valid(region).search(text)
            for match in _Matcher(text, region)
        }
        results = [
            self._get_recognizer_result(match, text, None, nlp_artifacts)  # type: ignore[no-untyped-call]
            for match in found.values()
        ]
        return EntityRecognizer.remove_duplicates(results)

    def original(self) -> PhoneRecognizer:
        """Give Presidio's own recogniser for the same numbers: the reference, and dear."""
        return PhoneRecognizer(
            context=self.context,
            supported_language=self.supported_language,
            supported_regions=self.supported_regions,
            leniency=LENIENCY,
        )

    def shapes(self) -> tuple[str, ...]:
        """Say in patterns what there must be in a text in which something is found."""
        at_home = _run_of_digits(min(map(_fewest, self.supported_regions)))
        abroad = (shape for region in self.supported_regions for shape in _abroad(region))
        return tuple(dict.fromkeys([at_home, *abroad]))


class _Matcher(PhoneNumberMatcher):
    """The library's matcher, without parsing what has too few digits to be valid."""

    def __init__(self, text: str, region: str) -> None:
        super().__init__(text, region, leniency=LENIENCY)
        self._may_be_valid = _may_be_valid(region).search

    def _extract_match(self, candidate: str, offset: int) -> PhoneNumberMatch | None:
        if not self._may_be_valid(candidate):
            return None  # and neither is anything inside it
        match: PhoneNumberMatch | None = super()._extract_match(candidate, offset)
        return match

    def _parse_and_verify(self, candidate: str, offset: int) -> PhoneNumberMatch | None:
        if not self._may_be_valid(candidate):
            return None
        match: PhoneNumberMatch | None = super()._parse_and_verify(candidate, offset)
        return match


@cache
def _may_be_valid(region: str) -> re.Pattern[str]:
    at_home = _run_of_digits(_fewest(region), leads=_leads(region))
    return re.compile("|".join((at_home, *_abroad(region))), re.IGNORECASE)


@cache
def _leads(region: str) -> str:
    """Give the first two digits of valid numbers of *region*, as a pattern; empty for any.

    "06 12 34 56 78" is then parsed for France and not again for each island.  Countries that share
    a code count as one, since the library takes the number of one for a number of the other.
    """
    code = phonenumbers.country_code_for_region(region)
    sharing = phonenumbers.region_codes_for_country_code(code)
    if len(sharing) > _SHARING:
        return ""  # North America: every beginning is somebody's, and asking takes a second
    every = [PhoneMetadata.metadata_for_region(each) for each in sharing]
    known = [each for each in every if each is not None]
    if any(each.national_prefix_transform_rule for each in known):
        return ""  # the library puts digits of its own in front
    patterns = [kind.national_number_pattern for each in known for kind in _kinds(each)]
    possible = [
        f"{number:02}"
        for number in range(100)
        if any(regex.fullmatch(pattern, f"{number:02}", partial=True) for pattern in patterns)
    ]
    if len(possible) > _MANY:
        return ""
    seconds = {
        lead[0]: "".join(each[1] for each in possible if each[0] == lead[0]) for lead in possible
    }
    return "|".join(
        f"[{first}{_OTHERS}]{_GAP}[{second}{_OTHERS}]" for first, second in seconds.items()
    )


def _run_of_digits(number: int, *, after: str = "", leads: str = "") -> str:
    """Write *number* digits in a pattern, with at most four of the library's characters between."""
    if leads:
        return rf"(?:{leads})(?:{_GAP}\d){{{number - 2}}}"
    return rf"{after}\d(?:{_GAP}\d){{{number - 1}}}"


def _abroad(region: str) -> tuple[str, str]:
    """Write a number with its country code in patterns: after a plus, and after an exit code."""
    fewest = _fewest_with_country_code()
    metadata = PhoneMetadata.metadata_for_region(region)
    exit_code = metadata.international_prefix if metadata else ""
    if not exit_code or not exit_code.isdecimal():  # one of several; the shortest have two digits
        return _run_of_digits(fewest, after=_LEAD), _run_of_digits(fewest + 2)
    spelled = "".join((_ZERO if digit == "0" else r"\d") + _GAP for digit in exit_code)
    return _run_of_digits(fewest, after=_LEAD), _run_of_digits(fewest, after=spelled)


@cache
def _fewest(region: str) -> int:
    """Give the fewest digits of a valid number of *region*.

    Trunk prefixes are not counted, since they are sometimes left out; digits that the library puts
    in itself (an area code, for some islands) are taken off.
    """
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None:
        raise ValueError("region is unknown to phonenumbers; use ISO 3166 codes such as FR")
    added = re.sub(r"\\\d", "", metadata.national_prefix_transform_rule or "")
    return min(_lengths(metadata)) - len(_DIGIT.findall(added))


@cache
def _fewest_with_country_code() -> int:
    """Give the fewest digits of a valid number of any country, with its country code.

    Digits that the library puts in itself do not matter here: where it does so after a country
    code, more digits must be there already.
    """
    known = [PhoneMetadata.metadata_for_region(region) for region in phonenumbers.SUPPORTED_REGIONS]
    known += [
        PhoneMetadata.metadata_for_nongeo_region(code)
        for code in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS
    ]
    return min(len(str(each.country_code)) + min(_lengths(each)) for each in known if each)


def _lengths(metadata: PhoneMetadata) -> list[int]:
    lengths = [length for kind in _kinds(metadata) for length in kind.possible_length or ()]
    return [length for length in lengths if length > 0]


def _kinds(metadata: PhoneMetadata) -> list[PhoneNumberDesc]:
    """Give the kinds of numbers by which the library says that one is valid."""
    kinds = (
        metadata.fixed_line, metadata.mobile, metadata.toll_free, metadata.premium_rate,
        metadata.shared_cost, metadata.personal_number, metadata.voip, metadata.pager,
        metadata.uan, metadata.voicemail,
    )  # fmt: skip
    return [kind for kind in kinds if kind is not None and kind.national_number_pattern]
