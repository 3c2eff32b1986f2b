"""Postal addresses: a house number, a street and, where they follow, postcode and town.

French: ``12 bis, rue de la Paix, 75002 Paris``; English: ``221B Baker Street, London NW1 6XE``.
Kinds of streets that are also things in a shop (*place*, *cours*, *chemin de table*, *road bike*)
count only with a name in capitals or a postcode; those that are nothing else count in any letters,
since people search in small ones.
"""

from __future__ import annotations

import re
from typing import Final

from pseudonymizer.scrub.beside import Sight, SightRecognizer
from pseudonymizer.scrub.edges import BEGIN, END

POSTAL_ADDRESS: Final = "POSTAL_ADDRESS"

_EXACT: Final = re.DOTALL | re.MULTILINE
_NUMBER: Final = (
    rf"{BEGIN}(?<![0-9][.,])[0-9]{{1,4}}(?: ?[-/] ?[0-9]{{1,4}})?"
    r"(?: ?(?:(?i:bis|ter|quater)|[A-Da-d])\b)?"
)
_BREAK: Final = r"[ ,]{1,3}"

_STREETS: Final = (
    r"(?i:rue|avenue|ave|av\.?|boulevard|boul\.?|bld|bd\.?|blvd\.?|bvd|all[ée]e|impasse|imp\.|faubourg"
    r"|fbg\.?|chauss[ée]e|esplanade|sentier|ruelle|venelle|hameau|r[ée]sidence|quai|rond-point|lotissement)"
)
_THINGS: Final = (
    r"(?i:place|pl\.?|chemin|ch\.|che\.?|route|rte\.?|cours|crs|square|sq\.?|passage|villa|cit[ée]"
    r"|clos|parc|mail|promenade|mont[ée]e|voie|domaine|traverse|cour|porte|pont|all\.|all[ée]es)"
)
_SMALL: Final = (
    r"(?:(?i:de la|de l['\u2019]|de|du|des|d['\u2019]|l['\u2019]|la|le|les"
    r"|aux?|à|en|sur|sous|et) ?)"
)
_ANY: Final = r"[\p{L}\p{M}0-9][\p{L}\p{M}0-9.'\u2019-]{0,30}"
_CAPITAL: Final = r"\p{Lu}[\p{L}\p{M}.'\u2019-]{0,30}"
_MORE: Final = rf"(?:[ -](?:{_SMALL}){{0,2}}{_CAPITAL}){{0,5}}"
_TOWN: Final = (
    rf"(?:F-)?[0-9]{{5}} {_ANY}"
    rf"(?:[ -]{_CAPITAL}|[- ](?i:sur|sous|en|les|le|la|de|du)[- ]{_ANY}){{0,4}}"
    r"(?:(?<=(?i:cedex)) [0-9]{1,2})?"
)
_FAR_TOWN: Final = rf"(?:(?:{_BREAK}|\n)(?:{_ANY}{_BREAK}){{0,4}}?{_TOWN})"
_DAY: Final = (
    r"(?:[0-9]{1,2}(?:er)? (?=\p{L}))?(?i:(?:mai|juin|juillet|ao[ûu]t|septembre|novembre) )?"
)
_NAMED: Final = rf"{_SMALL}{{0,3}}{_DAY}(?:{_CAPITAL}{_MORE}|[0-9]{{4}}){_FAR_TOWN}?"
_UNNAMED: Final = rf"{_SMALL}{{0,3}}(?=\p{{L}}){_ANY}"
_WITH_TOWN: Final = rf"{_UNNAMED}(?: {_SMALL}{{0,2}}{_ANY}){{0,4}}{_FAR_TOWN}"
_FRENCH: Final = (
    rf"{_NUMBER}{_BREAK}(?:{_STREETS} (?:{_NAMED}|{_WITH_TOWN}|{_UNNAMED})"
    rf"|{_THINGS} (?:{_NAMED}|{_WITH_TOWN})){END}"
)

_ROADS: Final = r"(?:street|road|avenue|lane)"
_SURE_ROADS: Final = (
    r"(?:Street|Road|Rd\.?|Avenue|Ave\.?|Lane|Ln\.?|Terrace|Crescent|Mews|Gardens|Boulevard|Blvd\.?"
    r"|Parkway|STREET|ROAD|AVENUE|LANE)"
)
_ROADS_AND_THINGS: Final = r"(?:St\.?|Drive|Court|Way|Close|Square|Sq\.?|Place|Grove|Hill|Row)"
_POSTCODE: Final = r"[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}"
_CITY: Final = rf"(?:,? {_CAPITAL}(?: {_CAPITAL}){{0,2}})"
_STATE: Final = r"[A-Z]{2} [0-9]{5}(?:-[0-9]{4})?"
_AND_TOWN: Final = (
    rf"(?:{_CITY}{{0,2}},? (?:{_POSTCODE}|{_STATE})|, {_CAPITAL}(?: {_CAPITAL}){{0,1}})?"
)
_CLOSED: Final = r"(?=\s{0,2}(?:[^\w\s]|$|[0-9]|(?:in|near|please|before|after|and|to|at)\b))"
_HOUSE: Final = rf"{BEGIN}(?<![0-9][.,])(?:[0-9]{{1,5}}(?:-[0-9]{{1,5}})?[A-Za-z]?)"
# What stands between a number and "road" or "way" when it is about a thing.
_NO_NAME: Final = (
    r"(?!(?i:inch|in|pack|piece|pc|pcs|pair|speed|way|tb|gb|cm|mm|m|kg|g|w|v|day|days|month|year|x"
    r"|set|lot|season|level|hour|men|women|mens|womens|man|s|the|a|of|off|new|percent|%)\b)"
)
_PART: Final = rf"(?:{_CAPITAL}|[0-9]{{1,3}}(?:st|nd|rd|th))"
_ENGLISH: Final = (
    rf"{_HOUSE},? {_NO_NAME}(?:{_PART} ){{1,3}}"
    rf"(?:{_SURE_ROADS}{END}{_AND_TOWN}|{_ROADS_AND_THINGS}{END}{_AND_TOWN}{_CLOSED})"
    rf"|{_HOUSE},? {_NO_NAME}(?:[a-z'\u2019-]{{3,20}} ){{1,2}}{_ROADS}{END}{_CLOSED}"
)
_FRENCH_SHAPE: Final = rf"[0-9](?: ?[A-Za-z]{{1,6}})?{_BREAK}(?:{_STREETS}|{_THINGS}) \w"
_ENGLISH_SHAPE: Final = (
    rf"[0-9][A-Za-z]?,? (?:[^\s,;]{{1,40}} ){{1,3}}(?:{_ROADS}|{_SURE_ROADS}|{_ROADS_AND_THINGS})\b"
)


def addresses(language: str) -> SightRecognizer:
    """Build the recogniser of postal addresses, for texts in *language*."""
    sights = [Sight(_FRENCH, _FRENCH_SHAPE), Sight(_ENGLISH, _ENGLISH_SHAPE)]
    return SightRecognizer(POSTAL_ADDRESS, sights, language=language, flags=_EXACT)
