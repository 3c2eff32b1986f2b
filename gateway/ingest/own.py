"""By which names does an event call its sender?  None of them may stay in what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gateway.ingest.wire import WireEvent
from pseudonymizer.scrub.own import Own, own_names

# The traits of the published dialects that name a person, in the spellings clients send.
NAMING: Final = (
    "email", "phone", "name", "full_name", "firstName", "first_name", "firstname", "lastName",
    "last_name", "lastname", "username",
)  # fmt: skip


def names_of(event: WireEvent) -> Own:
    """Give what to look for in the texts of *event*."""
    # Asked for every event, so nothing is walked through that is empty.
    names = [text for _, text in event.identifiers]
    if event.links:
        names += [text for _, text in event.links]
    names += event.also
    parts = event.parts
    traits = parts.get("traits")
    if traits:
        names += _traits(traits)
    context = parts.get("context")
    if context is not None:
        traits = context.get("traits") if isinstance(context, dict) else context.traits
        if traits:
            names += _traits(traits)
    return own_names(names)


def _traits(traits: object) -> Iterator[str]:
    if isinstance(traits, Mapping):
        for name in NAMING:
            value = traits.get(name)
            if isinstance(value, str):
                yield value
