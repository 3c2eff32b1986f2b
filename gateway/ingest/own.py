"""By which names does an event call its sender?  None of them may stay in what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gateway.ingest.wire import WireEvent
from pseudonymizer.scrub.own import Own, own_names

# The traits of the published dialects that name a person, in the spellings clients send.
NAMING: Final = (
    "email", "phone", "name", "firstName", "first_name", "lastName", "last_name", "username",
)  # fmt: skip


def names_of(event: WireEvent) -> Own:
    """Give what to look for in the texts of *event*."""
    return own_names(_names(event))


def _names(event: WireEvent) -> Iterator[str]:
    for _, text in event.identifiers:
        yield text
    for _, text in event.links:
        yield text
    yield from event.also
    parts = event.parts
    yield from _traits(parts.get("traits"))
    context = parts.get("context")
    if context is not None:
        traits = context.get("traits") if isinstance(context, dict) else context.traits
        yield from _traits(traits)


def _traits(traits: Mapping[str, Any] | None) -> Iterator[str]:
    if not isinstance(traits, Mapping) or not traits:
        return
    for name in NAMING:
        value = traits.get(name)
        if isinstance(value, str):
            yield value
