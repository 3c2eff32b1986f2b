"""The security measures of the record and the assessment, each with the test that shows it.

A measure without a test is a promise, and stands in no export; a test compares the list with the
files it names.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from gateway.governance.labels import Label


class Control(NamedTuple):
    """One measure: what it is, the article it answers, and the test that proves it."""

    label: Label
    article: str
    test: str

    def document(self) -> dict[str, object]:
        """Give it for JSON."""
        return {"measure": self.label.document(), "article": self.article, "test": self.test}


CONTROLS: Final = (
    Control(
        Label(
            "Sans consentement en vigueur, rien n'est conservé",
            "Without a consent in force nothing is kept",
        ),
        "6, 7, 25",
        "tests/integration/ingest/test_contradictions.py",
    ),
    Control(
        Label(
            "Le retrait vaut dès la réponse, sur toutes les passerelles",
            "A withdrawal counts from its answer on, at every gateway",
        ),
        "7(3)",
        "tests/journeys/test_consent.py",
    ),
    Control(
        Label(
            "Ce qui est retiré est effacé du stock",
            "What is withdrawn is erased from what is stored",
        ),
        "17(1)(b)",
        "tests/integration/workers/test_withdrawals.py",
    ),
    Control(
        Label(
            "Pseudonymes aléatoires par domaine, clés à part",
            "Random pseudonyms per domain, keys kept apart",
        ),
        "4(5), 32",
        "tests/journeys/test_canaries.py",
    ),
    Control(
        Label(
            "Chaque rôle n'a que les droits écrits", "Each role has the written grants and no more"
        ),
        "32",
        "tests/integration/test_privileges.py",
    ),
    Control(
        Label(
            "L'effacement est complet, repris après panne, et recherché partout",
            "An erasure is complete, resumed after a crash, and searched for everywhere",
        ),
        "17",
        "tests/integration/rights/test_erasure.py",
    ),
    Control(
        Label(
            "Aucun entrelacement ne ramène une personne effacée",
            "No interleaving brings an erased person back",
        ),
        "17, 32",
        "tests/interleavings/test_orderings.py",
    ),
    Control(
        Label("L'accès rend tout ce qui est détenu", "An access request returns everything held"),
        "15",
        "tests/integration/rights/test_access.py",
    ),
    Control(
        Label(
            "Réidentifier demande deux personnes, une finalité, un délai ; la personne l'apprend",
            "Re-identifying takes two people, a purpose and a time box, and the person is told",
        ),
        "25, 32",
        "tests/integration/rights/test_reidentification.py",
    ),
    Control(
        Label(
            "Une réponse ne dit pas si une personne est connue",
            "An answer does not tell whether a person is known",
        ),
        "25, 32",
        "tests/api/test_alike.py",
    ),
    Control(
        Label(
            "Les durées sont appliquées, finalité par finalité",
            "Periods are enforced, purpose by purpose",
        ),
        "5(1)(e)",
        "tests/integration/workers/test_expiry.py",
    ),
    Control(
        Label(
            "Le coffre oublie ceux dont rien n'est conservé",
            "The vault forgets those about whom nothing is kept",
        ),
        "5(1)(e)",
        "tests/integration/rights/test_strangers.py",
    ),
    Control(
        Label(
            "Un événement suspect est chiffré pour le délégué seul, sept jours au plus",
            "A suspect event is sealed for the officer alone, for seven days at most",
        ),
        "25, 32",
        "tests/integration/ingest/test_quarantine.py",
    ),
    Control(
        Label(
            "Journal d'audit en arbre de Merkle, points de contrôle signés",
            "Audit log as a Merkle tree with signed checkpoints",
        ),
        "5(2)",
        "tests/integration/store/test_audit_log.py",
    ),
    Control(
        Label(
            "Rien de ce qui a été confirmé n'est perdu lors d'une panne",
            "Nothing acknowledged is lost in a failure",
        ),
        "32(1)(b)",
        "tests/faults/test_storm.py",
    ),
)
