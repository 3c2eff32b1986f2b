"""The words of exports in both languages: French for the authority, English for everybody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from policies.vocabulary import DataCategory, LegalBasis


class Label(NamedTuple):
    """One thing, in French and in English."""

    fr: str
    en: str

    def both(self) -> str:
        """Give both for one cell; once, where they are the same."""
        return self.fr if self.fr == self.en else f"{self.fr} / {self.en}"

    def document(self) -> dict[str, str]:
        """Give both for JSON."""
        return {"fr": self.fr, "en": self.en}


CATEGORIES: Final[Mapping[DataCategory, Label]] = {
    DataCategory.NAVIGATION: Label("Pages et événements", "Pages and events"),
    DataCategory.PRODUCT_INTEREST: Label("Produits consultés", "Products looked at"),
    DataCategory.TRANSACTION: Label("Achats et montants", "Purchases and amounts"),
    DataCategory.SEARCH: Label("Recherches", "Searches"),
    DataCategory.FREE_TEXT: Label("Texte libre, filtré", "Free text, scrubbed"),
    DataCategory.CAMPAIGN: Label("Campagne d'origine", "Campaign"),
    DataCategory.DEVICE: Label("Classe d'appareil", "Class of device"),
    DataCategory.LOCATION: Label("Lieu, généralisé", "Place, generalised"),
    DataCategory.TIME: Label("Instants", "Instants"),
    DataCategory.PROFILE: Label("Indicateurs et segments", "Features and segments"),
    DataCategory.CONSENT: Label("Choix de consentement", "Consent choices"),
    DataCategory.PSEUDONYM: Label("Pseudonymes", "Pseudonyms"),
    DataCategory.IDENTIFIER: Label(
        "Identifiants, chiffrés ou indexés", "Identifiers, encrypted or indexed"
    ),
    DataCategory.KEY_MATERIAL: Label("Clés enveloppées", "Wrapped keys"),
    DataCategory.RIGHTS_REQUEST: Label("Demandes de droits", "Requests of data subjects"),
    DataCategory.OPERATOR: Label("Opérateurs", "Operators"),
    DataCategory.AUDIT: Label("Journal d'audit", "Audit log"),
    DataCategory.TECHNICAL: Label("Données techniques", "Technical data"),
}

BASES: Final[Mapping[LegalBasis, Label]] = {
    LegalBasis.CONSENT: Label("Consentement, art. 6(1)(a)", "Consent, Art. 6(1)(a)"),
    LegalBasis.CONTRACT: Label("Contrat, art. 6(1)(b)", "Contract, Art. 6(1)(b)"),
    LegalBasis.LEGAL_OBLIGATION: Label(
        "Obligation légale, art. 6(1)(c)", "Legal obligation, Art. 6(1)(c)"
    ),
    LegalBasis.LEGITIMATE_INTEREST: Label(
        "Intérêt légitime, art. 6(1)(f)", "Legitimate interest, Art. 6(1)(f)"
    ),
}

# What ends a row whose period no purpose names (``workers.store.tables.notes``).
PERIODS: Final[Mapping[str, Label]] = {
    "event": Label("la durée des finalités de l'événement", "the period of the event's purposes"),
    "subject": Label("tant que la personne est connue", "as long as the person is known"),
    "consent": Label("tant que la personne est connue", "as long as the person is known"),
    "fence": Label(
        "sans limite : un numéro qui ne désigne plus personne",
        "without end: a number that names nobody any more",
    ),
    "rulebook": Label("tant que le règlement est cité", "while the rulebook is referred to"),
    "operation": Label("le temps du travail", "until the work is done"),
    "statistic": Label("sans limite : ne désigne personne", "without end: names nobody"),
    "quarantine": Label(
        "sept jours au plus, moins après examen", "seven days at most, less once looked at"
    ),
    "audit": Label("la durée du journal", "as long as the log"),
    "audit-detail": Label("jusqu'à effacement du détail", "until the detail is erased"),
    "row": Label("tant que la personne est connue", "as long as the person is known"),
    "tombstone": Label("trois ans après l'effacement", "three years after the erasure"),
    "erasure_journal": Label(
        "tant qu'une sauvegarde d'avant peut être restaurée",
        "while a backup from before can be restored",
    ),
    "reidentification": Label("un an après la demande", "one year after it was asked for"),
    "rights_request": Label("la durée du registre des demandes", "as long as the register"),
}
