"""Which keys each file of the rulebook has: read by the readers, printed as the reference.

``Entry`` takes its bounds from here and refuses what is not here, so a key that the reference does
not explain cannot be used, and docs/rulebook.md is written from the same lines.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from policies import vocabulary
from policies.reading.kinds import (
    Condition,
    Each,
    Flag,
    Form,
    Inside,
    Key,
    Label,
    Period,
    Reference,
    References,
    Spoken,
    Text,
    Texts,
    Whole,
    Word,
)  # fmt: skip
from policies.reading.schema_refused import REFUSED

LOWEST_FLOOR: Final = 11  # French public statistics publish nothing about fewer than eleven people
LEAST_POLICY: Final = 4  # of the TCF: what is older is invalid
MOST_VENDORS: Final = 2**16 - 1
LONGEST_VALUE: Final = 2_000  # characters of one property; a URL of a shop stays under this
SEGMENT: Final = "segments/*.yaml"
# Kinds that the product itself holds, and identifiers: no property of an event is one.
_OURS: Final = frozenset(
    ["identifier", "key_material", "consent", "pseudonym", "rights_request", "operator", "audit"]
)
_ABSENT: Final = "nothing"
_NAMED: Final = Key(Label(), "its name")
_PURPOSES: Final = References("purposes.yaml")
_PERIOD: Final = Reference("retention.yaml")

FORMS: Final[MappingProxyType[str, Form]] = MappingProxyType(
    {
        "controller.yaml": {
            "controller": Key(Inside({
                "name": Key(Text(), "who decides the purposes"),
                "address": Key(Text(), "where they are"),
                "contact": Key(Text(), "how they are reached"),
                "dpo": Key(Text(), "how the data protection officer is reached"),
                "data_subjects": Key(Label(), "whose data it is"),
            }), "who decides"),
            "timezone": Key(Text(), "where local hours are read, such as `Europe/Paris`"),
            "currency": Key(Text(), "what amounts are counted in: an ISO 4217 code, such as `EUR`"),
        },
        "domains.yaml": {
            "domains": Key(Each("domain", {
                "label": _NAMED,
                "risk": Key(
                    Text(1000), "what would go wrong if somebody could join it with another domain"
                ),
                "profiling": Key(Flag(), "`true` if features and segments may be computed in it"),
                "purposes": Key(
                    Texts(), "the purposes it holds, one at least; each is in exactly one domain"
                ),
            }), "a person has one pseudonym in each; only purposes of one may be combined"),
        },
        "retention.yaml": {
            "retention": Key(Each("period", {
                "label": Key(Label(), "what is kept"),
                "period": Key(Period(), "how long"),
                "reason": Key(Text(1000), "why so long, and who says so"),
            }), "a period runs from the data's own instant; a later visit does not extend it"),
        },
        "notices.yaml": {
            "notices": Key(Each("notice", {
                "version": Key(Text(), "its version"),
                "language": Key(Text(), "its language"),
                "valid_from": Key(Text(), "the first day it was shown, such as `'2026-01-31'`"),
                "text": Key(Text(20_000), "its wording; the hash of it goes with every consent"),
            }), "a changed text is a new entry; the old one is the proof of what was shown"),
        },
        "purposes.yaml": {
            "purposes": Key(Each("purpose", {
                "label": _NAMED,
                "legal_basis": Key(Word(vocabulary.LegalBasis), "the ground of Art. 6(1)"),
                "lia": Key(
                    Text(),
                    "the reference of the assessment; for a legitimate interest, and only then",
                    _ABSENT,
                ),
                "eprivacy": Key(Flag(), "`true` if it reads or writes on the person's device"),
                "retention": Key(_PERIOD, "how long its events are kept"),
                "consent_validity": Key(_PERIOD, "how long a consent counts"),
                "feature_retention": Key(_PERIOD, "how long features and memberships are kept"),
                "notice": Key(Reference("notices.yaml"), "what people read before they chose"),
            }), "at most 31"),
        },
        "consent.yaml": {
            "categories": Key(
                Spoken("a category of the consent platform"),
                "as it arrives in `context.consent.categoryPreferences` or RudderStack's "
                "`context.consentManagement`. Only a plain `true` grants. An absent category "
                "grants nothing; a purpose that several categories name needs all of them",
            ),
            "google": Key(
                Spoken("a member of Google's Consent Mode v2"),
                "as it arrives in `context.consent.googleConsentMode`",
                "not heard",
            ),
            "gpc": Key(
                _PURPOSES,
                "the purposes to which Global Privacy Control objects (`Sec-GPC: 1`, or "
                "`context.consent.gpc`)",
                "not heard",
            ),
            "proof": Key(
                _PERIOD,
                "how long what was said is kept once none of it counts any more and nothing else "
                "is kept of the person; 183 days at least, and as long as a choice counts",
                "for ever",
            ),
            "tcf": Key(Inside({
                "vendor": Key(
                    Whole(1, MOST_VENDORS),
                    "the number under which the vendor list knows the controller",
                ),
                "least_policy": Key(
                    Whole(LEAST_POLICY, 63), "the lowest policy version accepted", "4"
                ),
                "purposes": Key(
                    Spoken("a purpose of the framework, by its number from 1 to 11"),
                    "the purposes of this rulebook",
                ),
            }), "how a TC string (`context.consent.tcString`) is read", "not heard"),
            "age": Key(Inside({
                "adults": Key(_PURPOSES, "the purposes that nobody under 18 is served for"),
                "parental": Key(
                    Reference("purposes.yaml"),
                    "the purpose to which whoever answers for somebody under 15 consents, by "
                    "`POST /v1/consents` or a file of consents; no signal may speak for it, no "
                    "import assert it",
                    "nothing of them is kept",
                ),
            }), "what follows from an age band (`context.consent.ageBand`)",
                "nothing of anybody under 15 is kept"),
        },
        "identifiers.yaml": {
            "identifiers": Key(Each("kind", {
                "label": _NAMED,
                "keep": Key(
                    Word(vocabulary.Keep),
                    "`sealed`: encrypted in the vault, to be shown in an access request; `index`: "
                    "its keyed fingerprint only",
                ),
                "links": Key(Flag(), "`true` if it may join two histories"),
                "region": Key(
                    Text(), "the numbering region of a phone, such as `FR`; only of a phone",
                    "it is no phone",
                ),
            }, vocabulary.IdentifierKind), "a kind that is not declared is not accepted"),
        },
        "properties.yaml": {
            "properties": Key(Each("property", {
                "label": _NAMED,
                "path": Key(
                    Text(),
                    "where it is read: `properties.x`, `traits.x`, `context.page.url`, `name`, "
                    "`category`",
                ),
                "column": Key(
                    Word(vocabulary.Column),
                    "where it is kept; of several properties of one event that share a column, "
                    "the first that is present and valid wins",
                ),
                "type": Key(Word(vocabulary.PropertyType),
                            "how it is read; `money` is kept in cents, up to ten billion"),
                "category": Key(Word(vocabulary.DataCategory, _OURS), "the kind of data"),
                "precision": Key(
                    Word(vocabulary.Precision),
                    "how coarse it becomes: `path` or `host` for a URL, `device_class` for a user "
                    "agent, `network` for an IP address",
                    "no other type has one",
                ),
                "pattern": Key(Text(), "a regular expression the whole value matches", "any value"),
                "max_length": Key(Whole(1, LONGEST_VALUE), "the most characters of it", "200"),
                "scan": Key(Flag(), "`true` to look for people in it", "`true` for texts"),
                "free_text": Key(
                    Word(vocabulary.FreeText),
                    "for what people write: language models (the extra `ner`) also read it for "
                    "names; `drop` keeps what names nobody, `mask` puts the kind of what is found",
                    "not read for names",
                ),
                "purposes": Key(_PURPOSES, "the purposes that need it", "all of its event's"),
            }), "what may be kept of an event; anything else is dropped and counted by name"),
        },
        "events.yaml": {
            "steps": Key(Each("step", {
                "label": _NAMED,
                "funnel": Key(
                    Flag(), "`true` for a step of the funnel; those come first", "`false`"
                ),
            }), "the moments of a visit; amounts and purchase recency are taken of `purchase`"),
            "shared_properties": Key(References("properties.yaml"), "what is kept of every event"),
            "events": Key(Each("event", {
                "label": _NAMED,
                "kind": Key(Word(vocabulary.EventKind), "the call it arrives by", "`track`"),
                "any_name": Key(
                    Flag(), "`true` if it takes every call of its kind; not for `track`", "`false`"
                ),
                "aliases": Key(Texts(), "other names; case and blanks do not matter", "none"),
                "step": Key(Reference("events.yaml"), "the step it stands for", _ABSENT),
                "click": Key(
                    Flag(), "`true` if it is an act of the visitor, counted as engagement",
                    "`false`",
                ),
                "purposes": Key(
                    _PURPOSES, "what it serves; it is kept for those consented to, and no other"
                ),
                "properties": Key(
                    References("properties.yaml"), "what is kept of it, beside the shared ones"
                ),
            })),
        },
        "features.yaml": {
            "features": Key(Each("feature", {
                "label": _NAMED,
                "domain": Key(Reference("domains.yaml"), "the domain it is computed in"),
                "aggregate": Key(Word(vocabulary.Aggregate), "what is computed"),
                "step": Key(
                    Reference("events.yaml"),
                    "only events of this step; for `count`, `distinct_days`, `mean_gap`, "
                    "`frequency` and `dwell`, and the step `purchase` for `recency` and `sum`",
                    "events of any",
                ),
                "window": Key(
                    Period(),
                    "the last days only; not for `dwell`, `age`, `weighted_clicks` and "
                    "`favourite_hour`",
                    "all that is kept",
                ),
                "unit": Key(Word(vocabulary.Unit), "what the number counts"),
            }), "each is a number computed from one person's events, under their pseudonym"),
        },
        SEGMENT: {
            "segment": Key(Inside({
                "key": Key(Text(), "the file's name, without its ending"),
                "version": Key(Whole(1, 10**6), "raised whenever `members` changes"),
                "label": _NAMED,
                "description": Key(Label(), "what it takes to be in it, in plain language"),
                "purpose": Key(
                    Reference("purposes.yaml"),
                    "only people whose consent covers this purpose are candidates",
                ),
                "owner": Key(Text(), "who answers for it"),
                "decision_effect": Key(
                    Word(vocabulary.DecisionEffect),
                    "how much it may weigh on a person; `significant` is refused (Art. 22)",
                ),
                "members": Key(Condition(), "who is in it"),
            }), "one a file, whose name is its key"),
        },
        "disclosure.yaml": {
            "disclosure": Key(Inside({
                "count_floor": Key(
                    Whole(LOWEST_FLOOR, 10**6), "the smallest group whose size is shown"
                ),
                "export_floor": Key(
                    Whole(LOWEST_FLOOR, 10**6),
                    "the smallest group that is released; at least `count_floor`",
                ),
            }), "what is said of how many people"),
        },
        "recipients.yaml": {
            "recipients": Key(Each("recipient", {
                "name": Key(Text(), "its name"),
                "country": Key(Text(), "two letters, such as `FR`"),
                "purposes": Key(_PURPOSES, "for which purposes"),
            }), "who a segment may be released to; none, to begin with"),
        },
        **REFUSED,
    }
)  # fmt: skip
"""The keys of every file, by the file's path."""
