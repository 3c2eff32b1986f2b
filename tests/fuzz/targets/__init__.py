"""Functions of arbitrary bytes that must keep a promise, each with inputs to begin from.

A target raises where the promise is broken, with whatever went wrong; it takes any bytes at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from tests.fuzz.targets import bodies, consent, identifiers, pipeline, scalars, texts


class Target(NamedTuple):
    """One promise, and inputs that lead to where it matters."""

    holds: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


TARGETS: Final[Mapping[str, Target]] = {
    "dialect": Target(bodies.dialect, bodies.dialect_seeds),
    "rows": Target(pipeline.rows, bodies.dialect_seeds),
    "consent": Target(consent.consent, consent.consent_seeds),
    "packed": Target(bodies.packed, bodies.packed_seeds),
    "signature": Target(bodies.signature, bodies.signature_seeds),
    "nesting": Target(bodies.nesting, bodies.nesting_seeds),
    "moments": Target(scalars.moments, scalars.moment_seeds),
    "numbers": Target(scalars.numbers, scalars.number_seeds),
    "addresses": Target(scalars.addresses, scalars.address_seeds),
    "identifiers": Target(identifiers.identifiers, identifiers.identifier_seeds),
    "naming": Target(identifiers.naming_one, identifiers.naming_seeds),
    "unwrapped": Target(texts.unwrapped, texts.text_seeds),
    "pages": Target(texts.pages, texts.page_seeds),
    "scrubbed": Target(texts.scrubbed, texts.text_seeds),
}
