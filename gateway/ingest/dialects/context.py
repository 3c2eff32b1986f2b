"""What surrounds a call of the Segment dialect: page, browser, campaign, and the choices made."""

from __future__ import annotations

from typing import Any, Final

import msgspec

_BOOLEAN: Final = {bool}


class Context(msgspec.Struct, gc=False):
    """The members of ``context`` a rulebook may read; the rest is skipped unread."""

    consent: Any = None
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
    """Give what the consent platform said; ``None`` when nothing was said at all."""
    if context is None or context.consent is None:
        return None
    return _preferences(context.consent)


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
