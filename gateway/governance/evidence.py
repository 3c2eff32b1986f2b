"""Every export at once or one by one, from what runs now, and in the audit log (R-131)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.governance import activities, dpia, matrix, retention, transparency
from gateway.rights.databases import each_database, tables
from gateway.rights.ports import Ports
from workers.segments.floor import SegmentSize, disclosed
from workers.store import audit_log, segments, volumes
from workers.store.computation import Computation
from workers.store.transactions import transaction

EXPORTED: Final = "evidence:exported"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Makes exports of one installation.

    Attributes:
        ctx: gives the rulebook in force with its numbers.
        clock_us: the present, in microseconds since 1970.
    """

    ports: Ports
    ctx: Callable[[], Computation]
    clock_us: Callable[[], int]

    def record(self) -> dict[str, Any]:
        """Give the record of processing activities (Article 30)."""
        return activities.document(self.ctx().rules, tables())

    def record_sheet(self) -> str:
        """Give the same as a spreadsheet."""
        return activities.spreadsheet(self.ctx().rules, tables())

    def retention(self) -> dict[str, Any]:
        """Give what is kept, for how long, and what expiry did; reads every event."""
        with transaction(self.ports.store) as store:
            found = retention.status(store, self.ctx(), self.clock_us())
        return {"kept": [each.document() for each in found]}

    def grants(self) -> list[matrix.Grant]:
        """Give who may do what in both databases."""
        found = []
        for name, connection in each_database(self.ports):
            found += matrix.grants(connection, name)
        return found

    def access_sheet(self) -> str:
        """Give the same as a spreadsheet."""
        return matrix.spreadsheet(self.grants())

    def assessment(self) -> list[dpia.Section]:
        """Give what an impact assessment starts from (Article 35)."""
        ctx = self.ctx()
        with transaction(self.ports.store) as store:
            held = volumes.look(store)
            counted = segments.sizes(store)
        floor = ctx.rules.disclosure.count_floor
        sizes = [counted.get(number) for number in ctx.segments.values()]
        shown = [
            size and disclosed(SegmentSize(size.members, size.population), floor) for size in sizes
        ]
        return dpia.sections(ctx.rules, tables(), held, shown)

    def transparency(self) -> dict[str, Any]:
        """Give what anybody may read (R-13)."""
        with transaction(self.ports.store) as store:
            newest = audit_log.newest_checkpoint(store)
        return transparency.page(self.ctx().rules, newest)

    def logged(self, what: str, by: str) -> None:
        """Put an export into the audit log, before it is made."""
        self.ports.audit(EXPORTED, {"by": by, "what": what})

    def files(self, by: str) -> Mapping[str, str]:
        """Give every export as a file, by name."""
        self.logged("everything", by)
        ctx = self.ctx()
        return {
            "record-of-processing.csv": self.record_sheet(),
            "record-of-processing.json": _json(self.record()),
            "impact-assessment.md": dpia.markdown(ctx.rules, self.assessment()),
            "access-matrix.csv": self.access_sheet(),
            "retention.json": _json(self.retention()),
            "transparency.json": _json(self.transparency()),
        }


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
