"""Two rulebooks side by side, file by file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from policies.comparing.asking import asking
from policies.comparing.changes import (
    Change,
    Effect,
    Judge,
    Verdict,
    always,
    flag,
    growing,
    harmless,
    members,
    otherwise,
    said,
    shrinking,
    silent,
    unlike,
    worded,
)
from policies.comparing.parts import Part
from policies.ruleset import RuleSet
from policies.vocabulary import FreeText, LegalBasis, Precision

_LABELS: Final[dict[str, Judge]] = {"label_fr": worded, "label_en": worded}
_KEPT: Final = growing(Effect.KEPT_LONGER, Effect.KEPT_SHORTER)
_ENDLESS: Final = growing(Effect.KEPT_LONGER, Effect.KEPT_SHORTER, endless=True)
_PURPOSES: Final = members(Effect.STORED, Effect.DROPPED)


def _basis(before: object, after: object) -> list[Verdict]:
    """Consent is what is asked for; between the others nobody can tell."""
    asks = after is LegalBasis.CONSENT
    effect = Effect.ASKED_MORE if asks else Effect.ASKED_LESS
    return [Verdict(effect, not asks, said(before), said(after))]


def _precision(before: object, after: object) -> list[Verdict]:
    """A host is less than a path; beside these no two can be compared."""
    coarser = (before, after) == (Precision.PATH, Precision.HOST)
    effect = Effect.DROPPED if coarser else Effect.STORED
    return [Verdict(effect, not coarser, said(before), said(after))]


def _free_text(before: object, after: object) -> list[Verdict]:
    """What is not read is kept whole, what is masked in part, what is dropped not at all."""
    strict: dict[object, int] = {FreeText.MASK: 1, FreeText.DROP: 2}
    stricter = strict.get(after, 0) > strict.get(before, 0)
    effect = Effect.DROPPED if stricter else Effect.STORED
    return [Verdict(effect, not stricter, said(before), said(after))]


def _keep(before: object, after: object) -> list[Verdict]:
    sealed = after == "sealed"
    effect = Effect.STORED if sealed else Effect.DROPPED
    return [Verdict(effect, sealed, said(before), said(after))]


_PROPERTY: Final = Part(
    "events.yaml",
    Effect.STORED,
    Effect.DROPPED,
    {
        "precision": _precision,
        "max_length": growing(Effect.STORED, Effect.DROPPED),
        "scan": flag(Effect.DROPPED, Effect.STORED, loosens=False),
        "free_text": _free_text,
        "purposes": _PURPOSES,
        "category": always(Effect.WORDED, loosens=True),  # of another kind, it may be sensitive
    },
)
DOMAINS: Final = Part(
    "domains.yaml",
    Effect.COMBINED,
    Effect.SEPARATED,
    _LABELS
    | {
        "risk": worded,
        "purposes": members(Effect.COMBINED, Effect.SEPARATED),
        "profiling": flag(Effect.COMPUTED, Effect.NOT_COMPUTED, loosens=True),
    },
)
RETENTION: Final = Part(
    "retention.yaml",
    Effect.KEPT_LONGER,
    Effect.KEPT_SHORTER,
    _LABELS | {"period": _KEPT, "reason": worded},
    loosens=False,
)
NOTICES: Final = Part(
    "notices.yaml",
    Effect.WORDED,
    Effect.WORDED,
    # The text under an old key is what people were shown: changed in place, the proof is gone.
    {"text": unlike, "text_sha256": silent, "version": unlike, "valid_from": unlike},
    loosens=False,
)
PURPOSES: Final = Part(
    "purposes.yaml",
    Effect.STORED,
    Effect.DROPPED,
    {
        # Whoever said yes said it to these words, and to this notice.
        "label_fr": always(Effect.WORDED, loosens=True),
        "label_en": always(Effect.WORDED, loosens=True),
        "notice": always(Effect.WORDED, loosens=True),
        "domain": always(Effect.COMBINED, loosens=True),
        "legal_basis": _basis,
        "retention": _KEPT,
        "consent_validity": _KEPT,
        "feature_retention": _KEPT,
        "lia": harmless,
        "eprivacy": flag(Effect.ASKED_MORE, Effect.ASKED_LESS, loosens=False),
        "retention_key": silent,
        "consent_validity_key": silent,
        "feature_retention_key": silent,
    },
)
IDENTIFIERS: Final = Part(
    "identifiers.yaml",
    Effect.STORED,
    Effect.DROPPED,
    _LABELS | {"keep": _keep, "links": flag(Effect.COMBINED, Effect.SEPARATED, loosens=True)},
)
EVENTS: Final = Part(
    "events.yaml",
    Effect.STORED,
    Effect.DROPPED,
    _LABELS
    | {
        "aliases": members(Effect.STORED, Effect.DROPPED),
        "any_name": flag(Effect.STORED, Effect.DROPPED, loosens=True),
        "step": otherwise,
        "click": otherwise,
        "purposes": _PURPOSES,
    },
    nested={"properties": _PROPERTY},
)
STEPS: Final = Part(
    "events.yaml",
    Effect.OTHERWISE,
    Effect.OTHERWISE,
    _LABELS | {"funnel": otherwise},
    loosens=False,
)
FEATURES: Final = Part(
    "features.yaml",
    Effect.COMPUTED,
    Effect.NOT_COMPUTED,
    _LABELS
    | {
        "aggregate": otherwise,
        "step": otherwise,
        "window": growing(Effect.COMPUTED, Effect.OTHERWISE, endless=True),
        "unit": otherwise,
    },
)
SEGMENTS: Final = Part(
    "segments",
    Effect.COMPUTED,
    Effect.NOT_COMPUTED,
    _LABELS
    | {
        "version": harmless,
        "description_fr": worded,
        "description_en": worded,
        "condition": lambda _before, _after: [Verdict(Effect.OTHERWISE, loosens=False)],
        "owner": harmless,
    },
)
RECIPIENTS: Final = Part(
    "recipients.yaml",
    Effect.SHARED_WIDER,
    Effect.SHARED_LESS,
    {
        "name": always(Effect.SHARED_WIDER, loosens=True),
        "country": always(Effect.SHARED_WIDER, loosens=True),
        "purposes": members(Effect.SHARED_WIDER, Effect.SHARED_LESS),
    },
)
_FLOOR: Final = shrinking(Effect.SHARED_WIDER, Effect.SHARED_LESS)
DISCLOSURE: Final = Part(
    "disclosure.yaml",
    Effect.SHARED_WIDER,
    Effect.SHARED_LESS,
    {"count_floor": _FLOOR, "export_floor": _FLOOR},
)
_WORDS: Final = members(Effect.NOT_COMPUTED, Effect.COMPUTED, new_loosens=False)
_GUARD: Final = members(Effect.DROPPED, Effect.STORED, new_loosens=False)
SPECIAL: Final = Part(
    "special_categories.yaml",
    Effect.NOT_COMPUTED,
    Effect.COMPUTED,
    _LABELS | {"words_fr": _WORDS, "words_en": _WORDS} | {"guard_fr": _GUARD, "guard_en": _GUARD},
)
QUARANTINE: Final = Part(
    "quarantine.yaml",
    Effect.STORED,
    Effect.DROPPED,
    {
        "reasons": members(Effect.STORED, Effect.DROPPED),
        "days": growing(Effect.KEPT_LONGER, Effect.KEPT_SHORTER),
        # Whoever has the other half reads what is sealed from now on.
        "key": lambda before, after: [
            Verdict(Effect.SHARED_WIDER, after is not None, said(before), said(after))
        ],
    },
)
CONTROLLER: Final = Part(
    "controller.yaml",
    Effect.UNLIKE,
    Effect.UNLIKE,
    {
        "address": worded,
        "contact": worded,
        "dpo": worded,
        "data_subjects_fr": worded,
        "data_subjects_en": worded,
    },
)


def compare(old: RuleSet, new: RuleSet) -> list[Change]:
    """Give what changes from *old* to *new*, file by file; nothing if they do the same.

    What only spells differently (a comment, the order of a list but the steps') is no change.
    """
    return [
        *CONTROLLER.entry(old.controller, new.controller, "controller"),
        *_plain("controller.yaml", {"timezone": (old.timezone, new.timezone)}),
        *_plain("controller.yaml", {"currency": (old.currency, new.currency)}),
        *DOMAINS.compare(old.domains, new.domains),
        *RETENTION.compare(old.retention, new.retention),
        *NOTICES.compare(old.notices, new.notices),
        *PURPOSES.compare(old.purposes, new.purposes),
        *asking(old, new),
        *_proved(old, new),
        *IDENTIFIERS.compare(old.identifiers, new.identifiers),
        *STEPS.compare(old.step_rules, new.step_rules),
        *_plain("events.yaml", {"steps": (_order(old, new), _order(new, old))}),
        *EVENTS.compare(old.events, new.events),
        *_renamed(old, new),
        *FEATURES.compare(old.features, new.features),
        *SEGMENTS.compare(old.segments, new.segments),
        *RECIPIENTS.compare(old.recipients, new.recipients),
        *DISCLOSURE.entry(old.disclosure, new.disclosure, "disclosure"),
        *SPECIAL.compare(old.special_categories, new.special_categories),
        *QUARANTINE.entry(old.quarantine, new.quarantine, "quarantine"),
    ]


def _proved(old: RuleSet, new: RuleSet) -> Iterator[Change]:
    """Judge how long choices stay on record: for longer is more data, for less forgets a no."""
    if old.proof != new.proof:
        for effect, _, was, is_ in _ENDLESS(old.proof, new.proof):
            yield Change("consent.yaml", "proof", effect, True, was, is_)


def _plain(file: str, words: Mapping[str, tuple[str, str]]) -> Iterator[Change]:
    for key, (before, after) in words.items():
        if before != after:
            yield Change(file, key, Effect.OTHERWISE, False, before, after)


def _order(rules: RuleSet, others: RuleSet) -> str:
    """Give the steps that both have, in the order of *rules*."""
    return said([step for step in rules.step_rules if step in others.step_rules])


def _renamed(old: RuleSet, new: RuleSet) -> Iterator[Change]:
    """Find names of events that now fall to another rule, which may keep more of them."""
    for kind, name in old.names():
        before, after = old.event_named(name, kind), new.event_named(name, kind)
        if before is None or after is None or before.name == after.name:
            continue
        more = not (
            {*after.purposes} <= {*before.purposes} and {*after.properties} <= {*before.properties}
        )
        effect = Effect.STORED if more else Effect.DROPPED
        yield Change("events.yaml", f"{name} ({kind})", effect, more, before.name, after.name)
