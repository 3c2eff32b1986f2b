"""The record of processing activities (Article 30(1)), from the rulebook and the data map.

One activity for each purpose, and one for each operation that keeps tables of its own.  What a
column is kept for stands beside it in the schema, so that a table nobody thought of is here too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.governance.controls import CONTROLS
from gateway.governance.labels import BASES, CATEGORIES, PERIODS, Label
from gateway.governance.spreadsheets import sheet
from gateway.rights.statements import controller
from policies.data_map import TableNote
from policies.ruleset import PurposeRule, RecipientRule, RuleSet
from policies.vocabulary import DataCategory

DECLARED: Final = "*"
EEA: Final = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI",
    "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU",
    "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip

OPERATIONS: Final[Mapping[str, tuple[Label, Label]]] = {
    "operation": (
        Label("Fonctionnement du service", "Running the service"),
        Label("accessoire aux finalités ci-dessus", "ancillary to the purposes above"),
    ),
    "security": (
        Label("Sécurité et contrôle d'accès", "Security and access control"),
        Label("Obligation légale, art. 32", "Legal obligation, Art. 32"),
    ),
    "audit": (
        Label("Responsabilité et preuve", "Accountability and proof"),
        Label("Obligation légale, art. 5(2) et 7(1)", "Legal obligation, Art. 5(2) and 7(1)"),
    ),
    "rights": (
        Label("Droits des personnes", "Rights of data subjects"),
        Label("Obligation légale, art. 12 à 22", "Legal obligation, Art. 12 to 22"),
    ),
}


@dataclass(frozen=True, slots=True)
class Activity:
    """One line of the record.  *events* and *tables* are names of ours, everything else is words.

    Attributes:
        recipients: name and country of each.
        transfers: those outside the European Economic Area.
    """

    key: str
    label: Label
    basis: Label
    domain: str
    lia: str
    reads_device: bool
    notice: str
    events: tuple[str, ...]
    categories: tuple[DataCategory, ...]
    tables: tuple[str, ...]
    recipients: tuple[str, ...]
    transfers: tuple[str, ...]
    retention: tuple[Label, ...]

    def document(self) -> dict[str, Any]:
        """Give it for JSON."""
        return {
            "activity": self.key,
            "label": self.label.document(),
            "legal_basis": self.basis.document(),
            "domain": self.domain or None,
            "assessment": self.lia or None,
            "reads_or_writes_on_the_device": self.reads_device,
            "notice": self.notice or None,
            "events": list(self.events),
            "data": [CATEGORIES[each].document() for each in self.categories],
            "tables": list(self.tables),
            "recipients": list(self.recipients),
            "transfers_outside_the_eea": list(self.transfers),
            "retention": [each.document() for each in self.retention],
        }


def activities(rules: RuleSet, tables: Sequence[TableNote]) -> list[Activity]:
    """Give every activity: the purposes in the rulebook's order, then the operations."""
    return [
        *(_purpose(rules, rule, tables) for rule in rules.purposes.values()),
        *_operations(rules, tables),
    ]


def document(rules: RuleSet, tables: Sequence[TableNote]) -> dict[str, Any]:
    """Give the whole record for JSON."""
    found = rules.controller
    return {
        "controller": controller(rules),
        "data_subjects": {"fr": found.data_subjects_fr, "en": found.data_subjects_en},
        "rulebook": rules.hash,
        "activities": [each.document() for each in activities(rules, tables)],
        "security_measures": [each.document() for each in CONTROLS],
    }


HEADS: Final = (
    Label("Activité", "Activity"),
    Label("Finalité", "Purpose"),
    Label("Responsable de traitement", "Controller"),
    Label("Délégué à la protection des données", "Data protection officer"),
    Label("Base légale", "Legal basis"),
    Label("Mise en balance", "Assessment"),
    Label("Lit ou écrit sur l'appareil", "Reads or writes on the device"),
    Label("Personnes concernées", "Data subjects"),
    Label("Catégories de données", "Categories of data"),
    Label("Événements", "Events"),
    Label("Destinataires", "Recipients"),
    Label("Transferts hors EEE", "Transfers outside the EEA"),
    Label("Durées de conservation", "Retention"),
    Label("Information des personnes", "Notice"),
    Label("Domaine de pseudonymisation", "Pseudonymisation domain"),
    Label("Tables", "Tables"),
    Label("Mesures de sécurité", "Security measures"),
)
YES, NONE = Label("oui", "yes"), Label("aucun", "none")


def spreadsheet(rules: RuleSet, tables: Sequence[TableNote]) -> str:
    """Give the record as a sheet, both languages in every cell that has words."""
    return sheet(
        [head.both() for head in HEADS],
        [[*_row(rules, each)] for each in activities(rules, tables)],
    )


def _row(rules: RuleSet, of: Activity) -> Iterator[str]:
    responsible = rules.controller
    yield of.key
    yield of.label.both()
    yield f"{responsible.name}, {responsible.address}, {responsible.contact}"
    yield responsible.dpo
    yield of.basis.both()
    yield of.lia
    yield YES.both() if of.reads_device else ""
    yield Label(responsible.data_subjects_fr, responsible.data_subjects_en).both()
    yield _listed(CATEGORIES[each].both() for each in of.categories)
    yield _listed(of.events)
    yield _listed(of.recipients) or NONE.both()
    yield _listed(of.transfers) or NONE.both()
    yield _listed(each.both() for each in of.retention)
    yield of.notice
    yield of.domain
    yield _listed(of.tables)
    yield _listed(each.label.both() for each in CONTROLS)


def _listed(words: Iterable[str]) -> str:
    return " ; ".join(words)


def _purpose(rules: RuleSet, rule: PurposeRule, tables: Sequence[TableNote]) -> Activity:
    events = [event for event in rules.events.values() if rule.key in event.purposes]
    carried = {
        each.category
        for event in events
        for each in event.properties.values()
        if rule.key in each.purposes
    }
    held, names = _kept_for(DECLARED, tables)
    recipients = [each for each in rules.recipients.values() if rule.key in each.purposes]
    notice = rules.notices[rule.notice]
    return Activity(
        key=rule.key,
        label=Label(rule.label_fr, rule.label_en),
        basis=BASES[rule.legal_basis],
        domain=rule.domain,
        lia=rule.lia or "",
        reads_device=rule.eprivacy,
        notice=f"{notice.key} {notice.version} ({notice.language}), SHA-256 {notice.text_sha256}",
        events=tuple(event.name for event in events),
        # What every event has, whatever properties it carries, and what is computed of it.
        categories=_ordered(carried | held & _OF_EVERY_PURPOSE),
        tables=names,
        recipients=tuple(f"{each.name} ({each.country})" for each in recipients),
        transfers=tuple(_transfer(each) for each in recipients if each.country not in EEA),
        retention=_periods(rules, rule),
    )


_OF_EVERY_PURPOSE: Final = frozenset(
    {
        DataCategory.TIME,
        DataCategory.NAVIGATION,
        DataCategory.PROFILE,
        DataCategory.CONSENT,
        DataCategory.PSEUDONYM,
    }
)


def _periods(rules: RuleSet, rule: PurposeRule) -> tuple[Label, ...]:
    keys = (rule.retention_key, rule.feature_retention_key, rule.consent_validity_key)
    periods = [rules.retention[key] for key in dict.fromkeys(keys)]
    return tuple(
        Label(
            f"{each.label_fr} : {each.period.days} jours",
            f"{each.label_en}: {each.period.days} days",
        )
        for each in periods
    )


def _transfer(recipient: RecipientRule) -> str:
    return f"{recipient.name} ({recipient.country})"


def _operations(rules: RuleSet, tables: Sequence[TableNote]) -> Iterator[Activity]:
    periods = {**PERIODS, "consent": _proof(rules)}
    for key, (label, basis) in OPERATIONS.items():
        categories, names = _kept_for(key, tables)
        ends = {
            column.retention
            for table in tables
            for column in table.columns.values()
            if column.purpose == key
        }
        yield Activity(
            key=key,
            label=label,
            basis=basis,
            domain="",
            lia="",
            reads_device=False,
            notice="",
            events=(),
            categories=_ordered(categories),
            tables=names,
            recipients=(),
            transfers=(),
            retention=tuple(dict.fromkeys(periods[each] for each in sorted(ends))),
        )


def _proof(rules: RuleSet) -> Label:
    """Say how long the ledger is kept."""
    if rules.proof is None:
        return PERIODS["consent"]
    days = rules.proof.days
    return Label(
        f"{days} jours après le dernier choix en vigueur, si rien d'autre n'est gardé",
        f"{days} days after the last choice in force, if nothing else is kept",
    )


def _kept_for(
    purpose: str, tables: Sequence[TableNote]
) -> tuple[frozenset[DataCategory], tuple[str, ...]]:
    """Give the categories and the tables that have a column for *purpose*."""
    kept = {
        f"{table.schema}.{table.name}": [
            column.category for column in table.columns.values() if column.purpose == purpose
        ]
        for table in tables
    }
    found = {name: columns for name, columns in kept.items() if columns}
    return frozenset(each for columns in found.values() for each in columns), tuple(found)


def _ordered(categories: Iterable[DataCategory]) -> tuple[DataCategory, ...]:
    found = set(categories)
    return tuple(each for each in DataCategory if each in found)
