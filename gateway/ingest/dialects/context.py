"""What surrounds a call of the Segment dialect: page, browser, campaign, and the choices made."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from gateway.ingest.wire import CHILD, OBJECTS, Said, Signal
from policies.vocabulary import AgeBand

GOOGLE: Final = "googleConsentMode"
TC_STRING: Final = "tcString"
GPC: Final = "gpc"
AGE: Final = "ageBand"
_OTHERS: Final = {GOOGLE, TC_STRING, GPC, AGE}
_BANDS: Final = {str(band): (Signal.AGE, band) for band in AgeBand}
_BOOLEAN: Final = {bool}


class Context(msgspec.Struct, gc=False):
    """The members of ``context`` a rulebook may read; the rest is skipped unread."""

    consent: Any = None
    consentManagement: Any = None  # noqa: N815  # RudderStack's
    page: dict[str, Any] | None = None
    campaign: dict[str, Any] | None = None
    device: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    userAgent: str | None = None  # noqa: N815  # the wire's spelling
    ip: str | None = None
    locale: str | None = None


def merged(inner: Context | None, outer: Context | None) -> Context | None:
    """Merge the batch's context into the item's; the item's own members win.

    Consent is the exception: where both speak, a purpose needs both.  What only one of them names
    is not granted, and only a spoken no takes anything back.
    """
    if inner is None or outer is None:
        return inner or outer
    values = {
        name: getattr(outer, name) if getattr(inner, name) is None else getattr(inner, name)
        for name in Context.__struct_fields__
    }
    if inner.consent is not None and outer.consent is not None:
        mine, theirs = _preferences(inner.consent), _preferences(outer.consent)
        both = {
            name: mine.get(name, True) and theirs.get(name, True)
            for name in mine | theirs
            if (name in mine and name in theirs) or False in (mine.get(name), theirs.get(name))
        }
        values["consent"] = {"categoryPreferences": both}
    return Context(**values)


def categories(context: Context | None) -> dict[str, bool] | None:
    """Give what the consent platform said by categories; ``None`` when it did not say anything.

    A consent object in which nothing is known is one that says no.
    """
    if context is None or context.consent is None:
        return None
    consent = context.consent
    if (
        isinstance(consent, dict)
        and "categoryPreferences" not in consent
        and _OTHERS & set(consent)
    ):
        return None
    return _preferences(consent)


def others(context: Context | None) -> tuple[Said, ...]:
    """Give what every other signal said, in whatever form: it is read later."""
    if context is None:
        return ()
    found: list[Said] = []
    managed, consent = context.consentManagement, context.consent
    if managed is not None:
        found.append((Signal.CATEGORIES, frozenset(_managed(managed).items())))
    if isinstance(consent, dict) and len(consent) > ("categoryPreferences" in consent):
        if consent.get(GOOGLE) is not None:
            found.append((Signal.GOOGLE, frozenset(_words(consent[GOOGLE]).items())))
        if consent.get(TC_STRING) is not None:
            text = consent[TC_STRING]
            found.append((Signal.TCF, text if isinstance(text, str) else ""))
        if consent.get(GPC) not in (None, False, 0, "0"):
            found.append(OBJECTS)
        if consent.get(AGE) is not None:
            band = consent[AGE]
            # Who may be a child is treated as one.
            found.append(_BANDS.get(band, CHILD) if isinstance(band, str) else CHILD)
    return tuple(found)


def _words(members: object) -> dict[str, str]:
    """Give the members that are one of the two words; by anything else nothing was granted."""
    if not isinstance(members, dict):
        return {}
    return {member: said for member, said in members.items() if said in ("granted", "denied")}


def _managed(managed: object) -> dict[str, bool]:
    """Read ``consentManagement`` as categories: an id in both lists is denied."""
    if not isinstance(managed, dict):
        return {}
    allowed, denied = (
        [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
        for found in (managed.get("allowedConsentIds"), managed.get("deniedConsentIds"))
    )
    return dict.fromkeys(allowed, True) | dict.fromkeys(denied, False)


def _preferences(consent: object) -> dict[str, bool]:
    """Read ``categoryPreferences``; beside anything malformed nothing was granted.

    A no is a no in whatever company.
    """
    preferences = consent.get("categoryPreferences") if isinstance(consent, dict) else None
    if not isinstance(preferences, dict):
        return {}
    if set(map(type, preferences.values())) <= _BOOLEAN:
        return preferences
    return {category: False for category, said in preferences.items() if said is False}
