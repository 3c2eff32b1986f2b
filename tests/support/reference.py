"""Write the tables of five pages of docs: ``python -m tests.support.reference``.

The tests call the same functions and compare, so a page that lags behind the code is a red test.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from policies.decisions import ARTICLES, Reason
from policies.errors import ParaventError
from tests.support import rulebook_page, truth
from tests.support.lints import PACKAGES, ROOT

REASONS = {
    Reason.CONSENT_MISSING: "No consent is on record for any purpose of the event.",
    Reason.CONSENT_REFUSED: "The event itself carries a no, or no category the rulebook knows.",
    Reason.CONSENT_WITHDRAWN: "The ledger holds a refusal or a withdrawal.",
    Reason.CONSENT_NOT_YET: "Consent was given only after the event happened.",
    Reason.CONSENT_EXPIRED: "The consent's validity is over.",
    Reason.PURPOSE_UNKNOWN: "The event serves no declared purpose.",
    Reason.EVENT_UNKNOWN: "The rulebook declares no event of this name.",
    Reason.EVENT_INVALID: "A member is missing or not of its type.",
    Reason.IDENTIFIER_MISSING: "Nothing says whose event it is.",
    Reason.IDENTIFIER_INVALID: "An identifier is not what its kind should look like.",
    Reason.IDENTIFIER_NOBODY: "An identifier is what programs send for nobody: null, zeros, test.",
    Reason.RETENTION_EXPIRED: "The event is older than it may be kept.",
    Reason.TIME_INVALID: "Its instant cannot be read.",
    Reason.CLOCK_FUTURE: "Its instant lies in the future, after correction.",
    Reason.CHILD: "Its age band is below 15, or none we know, and no parent has consented.",
    Reason.SPECIAL_CATEGORY: "Something in it tells of health, belief or another special category.",
    Reason.RESTRICTED: "The person has asked us to keep, but not to use.",
    Reason.OBJECTED: "The person has objected to this use.",
    Reason.SUPPRESSED: "The person was erased, and does not come back.",
    Reason.TOO_LARGE: "The event is larger than the dialect allows.",
    Reason.TYPE_UNKNOWN: "The call is of no known type.",
    Reason.BATCH_TOO_LONG: "The batch holds more events than the dialect allows.",
    Reason.SOCIAL_SECURITY_NUMBER: "A text of it holds a social-security number, and it could not"
    " be set aside, or was replayed.",
    Reason.UNREADABLE_TEXT: "A text of it could not be looked at, and it could not be set aside, or"
    " was replayed.",
    Reason.QUARANTINED: "It is suspect, and sealed for the data protection officer.",
    Reason.QUARANTINE_FULL: "It is suspect, and no more may wait for the data protection officer.",
}

PAGES = (
    "docs/settings.md",
    "docs/errors.md",
    "docs/operations.md",
    "docs/consent.md",
    "docs/rulebook.md",
)


def settings_classes() -> list[tuple[str, type[BaseModel]]]:
    """Give each process's settings with a heading for the page."""
    from gateway.settings import GatewaySettings
    from workers.settings import WorkersSettings

    return [
        ("Gateway", GatewaySettings),
        ("Workers, relay and beat", WorkersSettings),
    ]


def variables(settings: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    prefix = str(settings.model_config.get("env_prefix", "")).upper()
    return [(prefix + name.upper(), field) for name, field in settings.model_fields.items()]


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required" if field.default_factory is None else ""
    value: Any = field.default
    if isinstance(value, Enum):
        value = value.value
    return "" if value is None or isinstance(value, SecretStr) else f"`{value}`"


def settings_tables() -> str:
    """Give one table per process."""
    parts = []
    for heading, settings in settings_classes():
        rows = [
            f"| `{name}` | {_default(field)} | {' '.join((field.description or '').split())} |"
            for name, field in variables(settings)
        ]
        head = f"## {heading}\n\n| Variable | Default | Meaning |\n|---|---|---|\n"
        parts.append(head + "\n".join(rows))
    return "\n\n".join(parts)


def error_classes() -> list[type[ParaventError]]:
    """Give every error of the product, by code; importing everything first."""
    for package in PACKAGES:
        root = importlib.import_module(package)
        for module in pkgutil.walk_packages(root.__path__, f"{package}."):
            # Migrations run only inside Alembic, and __main__ only as a program.
            if "migrations" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found: set[type[ParaventError]] = {ParaventError}
    queue = [ParaventError]
    while queue:
        known = [
            cls for cls in queue.pop().__subclasses__() if cls.__module__.split(".")[0] in PACKAGES
        ]
        found.update(known)
        queue.extend(known)
    return sorted(found, key=lambda cls: (cls.code, cls.__name__))


def _first_sentence(cls: type) -> str:
    return (cls.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ").strip()


def error_table() -> str:
    from gateway.errors import STATUS

    rows = [
        f"| `{cls.code}` | {STATUS.get(cls.code, 500)} | {_first_sentence(cls)} | {cls.remedy} |"
        for cls in error_classes()
    ]
    return "\n".join(["| Code | HTTP | What is so | What to do |", "|---|---|---|---|", *rows])


def reason_table() -> str:
    rows = [f"| `{r.value}` | {REASONS[r]} | {ARTICLES[r]} |" for r in Reason]
    return "\n".join(["| Reason | What is so | Article |", "|---|---|---|", *rows])


def metrics_table() -> str:
    """Give every metric of every process: its name as it is asked for, its labels, its help."""
    from gateway import metrics as gateway
    from gateway.exposition import READINGS
    from workers import metrics as workers

    rows = {}
    for side, registry in (("gateway", gateway.REGISTRY), ("workers", workers.REGISTRY)):
        for collector in set(registry._collector_to_names):
            for family in collector.describe():
                name = family.name + {"counter": "_total"}.get(family.type, "")
                labels = getattr(collector, "_labelnames", ())
                rows[name] = (side, family.type, labels, family.documentation)
    for name, said in READINGS.items():
        rows[name] = ("gateway", "gauge", ("part",) if name.endswith("_up") else (), said)
    head = ["| Metric | Kind | Labels | From | Meaning |", "|---|---|---|---|---|"]
    lines = [
        f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {side} | {said} |"
        for name, (side, kind, labels, said) in sorted(rows.items())
    ]
    return "\n".join(head + lines)


def limits_table() -> str:
    """Give the limits an operator meets, as the program has them."""
    from gateway import main, middleware, protocol, supervisor, wiring
    from gateway.ingest import routes, service, turns
    from gateway.ingest.dialects import segment
    from workers import app
    from workers.tasks import runtime

    rows = [
        ("Bytes of one event", segment.MAX_EVENT_BYTES, "it is refused and counted"),
        ("Bytes of a batch, packed and unpacked", segment.MAX_BATCH_BYTES, "400"),
        ("Events of a batch", segment.MAX_BATCH_EVENTS, "all of them are refused and counted"),
        ("Bytes of any other body", middleware.MAX_BODY_BYTES, "413"),
        ("Bytes of a request's head", protocol.MAX_HEAD_BYTES, "431"),
        ("Events of a request in the live lane", service.LIVE_EVENTS, "more go to the bulk lane"),
        ("Events of a commit group", turns.MOST_EVENTS, "the rest is the next group"),
        ("Seconds an ingest answer waits", routes.PATIENCE_S, "503, send again"),
        ("Seconds a transaction may take", wiring.PATIENCE_S, "its connection is hung up; 503"),
        ("Seconds an idle connection is kept", main.KEEP_ALIVE_S, "it is closed"),
        ("Seconds a stopping gateway gives its requests", main.DRAIN_S, "they are cut"),
        ("Seconds a new process has to be ready", supervisor.READY_SECONDS, "the old one stays"),
        (
            "Seconds a task works",
            runtime.TASK_BUDGET_S,
            "it stops at a good place and is sent again",
        ),
        ("Seconds until a task is ended", app._WORK["task_time_limit"], "the next one goes on"),
    ]
    head = ["| Limit | Value | Beyond it |", "|---|---|---|"]
    return "\n".join(head + [f"| {what} | {value:g} | {then} |" for what, value, then in rows])


TABLES = {
    "settings": settings_tables,
    "errors": error_table,
    "reasons": reason_table,
    "metrics": metrics_table,
    "limits": limits_table,
    "signals": truth.signals_table,
    "together": truth.together_table,
    **rulebook_page.blocks(),
}
_BLOCK = re.compile(r"(<!-- written: (\w+) -->\n\n).*?(\n\n<!-- end -->)", re.DOTALL)


def filled(page: str) -> str:
    """Give *page* with every block between its markers written anew from the program."""
    return _BLOCK.sub(lambda m: m[1] + TABLES[m[2]]() + m[3], page)


def main() -> None:
    for path in PAGES:
        place = Path(ROOT / path)
        place.write_text(filled(place.read_text()))


if __name__ == "__main__":
    main()
