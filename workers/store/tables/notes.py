"""How a column of the store says what it holds, why, and for how long."""

from typing import Any

from sqlalchemy import Column
from sqlalchemy.types import TypeEngine

from policies.data_map import Erasure, SubjectKey, note
from policies.vocabulary import DataCategory

# Why a column is kept: the purposes its event, consent or segment names, or an operation.
DECLARED = "*"
SERVICE = "operation"
SECURITY = "security"
ACCOUNTABILITY = "audit"

# What ends it.
EVENT_PERIOD = "event"  # the shortest retention of the purposes the event is kept for
SUBJECT_PERIOD = "subject"  # as long as anything else is held about the subject
CONSENT_PERIOD = "consent"  # proof is kept as long as the consent may be contested
FENCE_PERIOD = "fence"  # a bare number that outlives the erasure, to stop late writers
RULEBOOK_PERIOD = "rulebook"  # while a rulebook that names it may be asked about
OPERATION_PERIOD = "operation"  # until the work is done
STATISTIC_PERIOD = "statistic"  # names nobody
AUDIT_PERIOD = "audit"  # the log's own period
QUARANTINE_PERIOD = "quarantine"  # seven days at most, until somebody has looked
DETAIL_PERIOD = "audit-detail"  # erasable behind its salted commitment

Kind = tuple[DataCategory, str, str]
"""Category, purpose and retention, in this order: what the columns of a table mostly share."""


def noted(
    name: str,
    type_: TypeEngine[Any] | type[TypeEngine[Any]],
    kind: Kind,
    *rest: Any,  # noqa: ANN401  SQLAlchemy's own column arguments (Identity, ForeignKey…)
    subject: SubjectKey | None = None,
    **options: Any,  # noqa: ANN401  likewise
) -> Column[Any]:
    """Make a column that carries its note; not null unless ``nullable=True`` says otherwise."""
    category, purpose, retention = kind
    options.setdefault("nullable", False)
    info = note(category, purpose, retention, subject)
    return Column(name, type_, *rest, info=info, **options)


def erased_by(erasure: Erasure) -> dict[str, Erasure]:
    """Give the ``info`` of a table: what an erasure does to the rows about its subject."""
    return {"erasure": erasure}
