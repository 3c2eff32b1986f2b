"""Who decides, for which purposes, on what ground, how long: the governing part of a rulebook."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from policies.reading.entry import Entry
from policies.reading.kinds import Whole
from policies.ruleset import (
    Controller,
    DisclosureRule,
    DomainRule,
    NoticeRule,
    PurposeRule,
    RecipientRule,
    RetentionRule,
)
from policies.vocabulary import LegalBasis

MOST_PURPOSES: Final = 31  # a purpose is one bit of a signed 32-bit mask in the event table
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


def read_controller(file: Entry) -> tuple[Controller, str, str]:
    """Give the controller, the time zone of its days and the currency of its amounts."""
    entry = file.entry("controller")
    subjects_fr, subjects_en = entry.labels("data_subjects")
    controller = Controller(
        name=entry.text("name"),
        address=entry.text("address"),
        contact=entry.text("contact"),
        dpo=entry.text("dpo"),
        data_subjects_fr=subjects_fr,
        data_subjects_en=subjects_en,
    )
    entry.done()
    timezone = file.text("timezone")
    try:
        ZoneInfo(timezone)
    except (ValueError, OSError, LookupError):
        file.fault("timezone", "the time zone is unknown", "Write one such as `Europe/Paris`.")
    currency = file.text("currency")
    if not _CURRENCY.fullmatch(currency):
        file.fault("currency", "this is no currency code", "Write an ISO 4217 code, such as EUR.")
    file.done()
    return controller, timezone, currency


def read_domains(file: Entry) -> Mapping[str, DomainRule]:
    """Give the domains; whether their purposes exist is checked when the purposes are read."""
    domains = {}
    for key, entry in file.entries("domains"):
        label_fr, label_en = entry.labels()
        domains[key] = DomainRule(
            key=key,
            label_fr=label_fr,
            label_en=label_en,
            risk=entry.text("risk"),
            purposes=entry.texts("purposes"),
            profiling=entry.flag("profiling"),
        )
        entry.done()
        if not domains[key].purposes:
            entry.fault("purposes", "the domain holds no purpose", "Name one, or remove the domain")
    file.done()
    return MappingProxyType(domains)


def read_retention(file: Entry) -> Mapping[str, RetentionRule]:
    """Give the periods."""
    periods = {}
    for key, entry in file.entries("retention"):
        label_fr, label_en = entry.labels()
        periods[key] = RetentionRule(
            key=key,
            label_fr=label_fr,
            label_en=label_en,
            period=entry.period("period"),
            reason=entry.text("reason"),
        )
        entry.done()
    file.done()
    return MappingProxyType(periods)


def read_notices(file: Entry) -> Mapping[str, NoticeRule]:
    """Give the notices, each with the hash of its wording."""
    notices = {}
    for key, entry in file.entries("notices"):
        text = entry.text("text")
        notices[key] = NoticeRule(
            key=key,
            version=entry.text("version"),
            language=entry.text("language"),
            valid_from=entry.text("valid_from"),
            text=text,
            text_sha256=hashlib.sha256(text.encode()).hexdigest(),
        )
        try:
            date.fromisoformat(notices[key].valid_from)
        except ValueError:
            entry.fault("valid_from", "this is no date", "Write it as '2026-01-31', in quotes.")
        entry.done()
    file.done()
    return MappingProxyType(notices)


def read_purposes(
    file: Entry,
    domains: Mapping[str, DomainRule],
    periods: Mapping[str, RetentionRule],
    notices: Mapping[str, NoticeRule],
) -> Mapping[str, PurposeRule]:
    """Give the purposes, each in exactly one domain."""
    homes = _homes(domains, file)
    purposes = {}
    for key, entry in file.entries("purposes"):
        if key not in homes:
            entry.fault(
                "", "the purpose is in no domain", "List it under a domain in domains.yaml."
            )
        purposes[key] = _purpose(key, homes.pop(key), entry, periods, notices)
        entry.done()
    file.done()
    for key in homes:
        file.fault("purposes", f"`{key}` is in domains.yaml but not here", "Declare it here.")
    if len(purposes) > MOST_PURPOSES:
        file.fault("purposes", "there are too many purposes", f"Keep to {MOST_PURPOSES}.")
    return MappingProxyType(purposes)


def _homes(domains: Mapping[str, DomainRule], file: Entry) -> dict[str, str]:
    homes: dict[str, str] = {}
    for domain in domains.values():
        for purpose in domain.purposes:
            if purpose in homes:
                file.fault(purpose, "the purpose is in two domains", "Leave it in one of them.")
            homes[purpose] = domain.key
    return homes


def _purpose(
    key: str,
    domain: str,
    entry: Entry,
    periods: Mapping[str, RetentionRule],
    notices: Mapping[str, NoticeRule],
) -> PurposeRule:
    label_fr, label_en = entry.labels()
    basis = entry.word("legal_basis", LegalBasis)
    lia = entry.maybe_text("lia")
    if (basis is LegalBasis.LEGITIMATE_INTEREST) != (lia is not None):
        entry.fault(
            "lia",
            "an assessment belongs to a legitimate interest, and only to it",
            "Name the assessment with `lia:`, or remove it (Art. 6(1)(f)).",
        )
    kept, choice, computed = (
        entry.reference(each, periods)
        for each in ("retention", "consent_validity", "feature_retention")
    )
    return PurposeRule(
        key=key,
        label_fr=label_fr,
        label_en=label_en,
        domain=domain,
        legal_basis=basis,
        retention=periods[kept].period,
        consent_validity=periods[choice].period,
        feature_retention=periods[computed].period,
        lia=lia,
        eprivacy=entry.flag("eprivacy"),
        notice=entry.reference("notice", notices),
        retention_key=kept,
        consent_validity_key=choice,
        feature_retention_key=computed,
    )


def read_recipients(
    file: Entry, purposes: Mapping[str, PurposeRule]
) -> Mapping[str, RecipientRule]:
    """Give the recipients; none is a good start (Art. 25)."""
    recipients = {}
    for key, entry in file.entries("recipients"):
        recipients[key] = RecipientRule(
            key=key,
            name=entry.text("name"),
            country=entry.text("country"),
            purposes=entry.references("purposes", purposes),
        )
        if not _COUNTRY.fullmatch(recipients[key].country):
            entry.fault("country", "this is no country code", "Write two letters, such as FR.")
        entry.done()
    file.done()
    return MappingProxyType(recipients)


def read_disclosure(file: Entry) -> DisclosureRule:
    """Give the floors."""
    entry = file.entry("disclosure")
    floor = entry.whole("count_floor")
    rule = DisclosureRule(floor, entry.whole("export_floor", Whole(floor, 10**6)))
    entry.done()
    file.done()
    return rule
