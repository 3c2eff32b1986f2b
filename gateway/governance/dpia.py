"""What an impact assessment starts from (Article 35(7)), as the installation is now.

It states facts and where they are shown; necessity, proportionality and what risk is acceptable
are for the controller to judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.governance.activities import activities
from gateway.governance.controls import CONTROLS
from gateway.governance.instants import instant
from gateway.governance.labels import CATEGORIES, Label
from policies.data_map import TableNote
from policies.ruleset import RuleSet
from workers.store.volumes import Volumes

BANDS: Final = (100, 1_000, 10_000)
LARGE: Final = 100_000  # people, from which on "large scale" is at least to be discussed

FLOW: Final = (
    Label(
        "Les événements arrivent par HTTP ; chacun est filtré selon le consentement, pseudonymisé"
        " et réduit aux propriétés déclarées avant d'être écrit.",
        "Events arrive over HTTP; each is filtered by consent, pseudonymised and reduced to the"
        " declared properties before it is written.",
    ),
    Label(
        "Identifiants (chiffrés) et comportement (sous pseudonyme) sont dans deux bases, sous des"
        " rôles différents.",
        "Identifiers (encrypted) and behaviour (under pseudonyms) are in two databases, under"
        " different roles.",
    ),
    Label(
        "Indicateurs et segments sont calculés sous pseudonymes, pour qui y a consenti.",
        "Features and segments are computed under pseudonyms, for those who consented.",
    ),
)

# What no control removes: docs/threat-model.md has each of them.
RESIDUAL: Final = (
    Label(
        "Qui détient les clés et les deux bases peut attribuer les données.",
        "Whoever holds the keys and both databases can attribute the data.",
    ),
    Label(
        "Deux opérateurs qui s'entendent peuvent réidentifier, là où c'est activé : visible, et dit"
        " à la personne qui demande l'accès.",
        "Two operators who collude can re-identify, where that is on: visible, and told to the"
        " person who asks for access.",
    ),
    Label(
        "Un comportement singulier se reconnaît, même sous pseudonyme.",
        "Unusual behaviour can be recognised, even under a pseudonym.",
    ),
    Label(
        "Qui détient la base des comportements peut rapprocher deux domaines d'une même personne.",
        "Whoever holds the database of behaviour can join two domains of the same person.",
    ),
    Label(
        "Une clé d'écriture publique permet de faux événements et de faux choix.",
        "A public write key allows false events and false choices.",
    ),
    Label(
        "Qui détient la clé privée du délégué et une copie de la base lit les événements mis de"
        " côté, si le règlement en met.",
        "Whoever holds the officer's private key and a copy of the store reads the events that are"
        " set aside, if the rulebook has any set aside.",
    ),
    Label(
        "Un nom dans un texte libre déclaré peut échapper au filtre.",
        "A name within declared free text may escape the filter.",
    ),
)


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the assessment: a title, and statements in both languages."""

    title: Label
    statements: Sequence[Label]


def sections(
    rules: RuleSet,
    tables: Sequence[TableNote],
    held: Volumes,
    sizes: Sequence[int | None],
) -> list[Section]:
    """Give every section; none is empty, whatever the installation holds.

    *sizes* are those of the segments, ``None`` where it may not be told.
    """
    return [
        Section(Label("Description des traitements", "Description of the processing"),
                [*_described(rules, tables), *FLOW]),
        Section(Label("Nécessité et proportionnalité", "Necessity and proportionality"),
                [*_grounds(rules)]),
        Section(Label("Volumes", "Volumes"), [*_volumes(held)]),
        Section(Label("Risque de réidentification", "Risk of re-identification"),
                [*_singular(rules, held), *_segments(rules, sizes)]),
        Section(Label("Critères d'une AIPD (CNIL)", "Criteria for a DPIA (CNIL)"),
                [*_criteria(rules, held)]),
        Section(Label("Risques", "Risks"), [*_risks(rules), *RESIDUAL]),
        Section(Label("Mesures et preuves", "Measures and evidence"), [*_controls()]),
    ]  # fmt: skip


def document(found: Iterable[Section]) -> list[dict[str, Any]]:
    """Give the sections for JSON."""
    return [
        {
            "title": each.title.document(),
            "statements": [statement.document() for statement in each.statements],
        }
        for each in found
    ]


def markdown(rules: RuleSet, found: Iterable[Section]) -> str:
    """Give the sections to read, French first."""
    lines = [f"# {rules.controller.name}: AIPD / DPIA", "", f"Rulebook `{rules.hash}`", ""]
    for each in found:
        lines += [f"## {each.title.both()}", ""]
        lines += [line for statement in each.statements for line in _bullets(statement)]
        lines.append("")
    return "\n".join(lines)


def _bullets(statement: Label) -> Iterator[str]:
    yield f"* {statement.fr}"
    if statement.en != statement.fr:
        yield f"  *{statement.en}*"


def _described(rules: RuleSet, tables: Sequence[TableNote]) -> Iterator[Label]:
    found = rules.controller
    yield Label(
        f"Responsable : {found.name}. Personnes concernées : {found.data_subjects_fr}.",
        f"Controller: {found.name}. Data subjects: {found.data_subjects_en}.",
    )
    for each in activities(rules, tables):
        data = [CATEGORIES[category] for category in each.categories]
        yield Label(
            f"{each.label.fr} ({each.basis.fr}) : {', '.join(word.fr for word in data)}",
            f"{each.label.en} ({each.basis.en}): {', '.join(word.en for word in data)}",
        )


def _grounds(rules: RuleSet) -> Iterator[Label]:
    for rule in rules.purposes.values():
        days, choice = rule.retention.days, rule.consent_validity.days
        lia = f", {rule.lia}" if rule.lia else ""
        yield Label(
            f"{rule.label_fr} : conservation {days} jours, choix {choice} jours{lia}.",
            f"{rule.label_en}: kept {days} days, a choice counts {choice} days{lia}.",
        )
    kept = [each for each in rules.properties.values() if each.precision is not None]
    yield Label(
        f"{len(rules.properties)} propriétés déclarées, dont {len(kept)} généralisées ; toute autre"
        " est écartée et comptée.",
        f"{len(rules.properties)} properties are declared, {len(kept)} of them generalised; any"
        " other is dropped and counted.",
    )


def _volumes(held: Volumes) -> Iterator[Label]:
    since = "-" if held.oldest_us is None else f"{instant(held.oldest_us):%Y-%m-%d}"
    yield Label(
        f"{held.events} événements, depuis {since}.", f"{held.events} events, since {since}."
    )
    for domain, (alive, restricted) in held.subjects.items():
        yield Label(
            f"Domaine {domain} : {alive} personnes, {restricted} sous limitation.",
            f"Domain {domain}: {alive} people, {restricted} restricted.",
        )
    told = ", ".join(f"{name} {count}" for name, count in held.outcomes.items()) or "-"
    yield Label(f"Issues des événements : {told}.", f"What became of events: {told}.")
    asked, done, deleted = held.withdrawals
    yield Label(
        f"{asked} retraits, {done} exécutés, {deleted} événements effacés.",
        f"{asked} withdrawals, {done} carried out, {deleted} events erased.",
    )


def _singular(rules: RuleSet, held: Volumes) -> Iterator[Label]:
    people = sum(held.alike.values())
    if people < rules.disclosure.count_floor:
        yield Label(
            f"Moins de {rules.disclosure.count_floor} personnes : rien n'est dit de leur unicité.",
            f"Under {rules.disclosure.count_floor} people: nothing is said of how unique they are.",
        )
        return
    shares = ", ".join(f"{k}: {100 * n / people:.1f} %" for k, n in held.alike.items())
    yield Label(
        f"Personnes selon le nombre de celles qui ont les mêmes indicateurs : {shares}.",
        f"People by how many have the same features: {shares}.",
    )


def _segments(rules: RuleSet, shown: Sequence[int | None]) -> Iterator[Label]:
    floor = rules.disclosure.count_floor
    below = sum(size is None for size in shown)
    bands = [
        f"< {band}: {sum(low <= size < band for size in shown if size is not None)}"
        for low, band in zip((0, *BANDS), BANDS, strict=False)
    ]
    told = ", ".join(bands)
    yield Label(
        f"{len(shown)} segments, dont {below} sous le seuil de {floor} ou non comptés ; {told}.",
        f"{len(shown)} segments, {below} below the floor of {floor} or not counted; {told}.",
    )


def _criteria(rules: RuleSet, held: Volumes) -> Iterator[Label]:
    people = max((sum(each) for each in held.subjects.values()), default=0)
    combined = [each.key for each in rules.domains.values() if len(each.purposes) > 1]
    met = {
        Label("évaluation ou notation", "evaluation or scoring"): bool(rules.segments),
        Label("grande échelle", "large scale"): people >= LARGE,
        Label("croisement d'ensembles de données", "matching of datasets"): bool(combined),
    }
    for criterion, is_met in met.items():
        yield Label(
            f"{criterion.fr} : {'oui' if is_met else 'non'}",
            f"{criterion.en}: {'yes' if is_met else 'no'}",
        )
    yield Label(
        "Deux critères réunis appellent une AIPD ; les autres se jugent hors de ce logiciel.",
        "Two criteria together call for a DPIA; the others are judged outside this software.",
    )


def _risks(rules: RuleSet) -> Iterator[Label]:
    for domain in rules.domains.values():
        yield Label(f"{domain.label_fr} : {domain.risk}", f"{domain.label_en}: {domain.risk}")


def _controls() -> Iterator[Label]:
    for each in CONTROLS:
        where = f"(art. {each.article}; {each.test})"
        yield Label(f"{each.label.fr} {where}", f"{each.label.en} {where}")
