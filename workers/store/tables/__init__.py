"""The schema of the store; every column carries the note the data map reads."""

from workers.store.tables.audit import checkpoint, detail, entry, frontier
from workers.store.tables.behaviour import EVENT_PARTITIONS, batch, dirty, event, outbox, state
from workers.store.tables.keys import message_key, pseudonyms
from workers.store.tables.proof import anchor, banner, notice, shown
from workers.store.tables.quarantine import quarantine
from workers.store.tables.reference import (
    dictionary,
    domain,
    import_run,
    purpose,
    refresh_run,
    retention_run,
    rulebook,
    source,
    source_key,
)
from workers.store.tables.results import (
    decision_count,
    dropped_count,
    feature_set,
    feature_snapshot,
    membership,
    segment,
    segment_count,
)
from workers.store.tables.rulebooks import in_force, rulebook_change
from workers.store.tables.schema import AUDIT, STORE, metadata
from workers.store.tables.servers import known_server
from workers.store.tables.subjects import consent_record, passing_fence, subject, withdrawal

__all__ = [
    "AUDIT",
    "EVENT_PARTITIONS",
    "STORE",
    "anchor",
    "banner",
    "batch",
    "checkpoint",
    "consent_record",
    "decision_count",
    "detail",
    "dictionary",
    "dirty",
    "domain",
    "dropped_count",
    "entry",
    "event",
    "feature_set",
    "feature_snapshot",
    "frontier",
    "import_run",
    "in_force",
    "known_server",
    "membership",
    "message_key",
    "metadata",
    "notice",
    "outbox",
    "passing_fence",
    "pseudonyms",
    "purpose",
    "quarantine",
    "refresh_run",
    "retention_run",
    "rulebook",
    "rulebook_change",
    "segment",
    "segment_count",
    "shown",
    "source",
    "source_key",
    "state",
    "subject",
    "withdrawal",
]
