"""How do stored rows become something a person can read?

Pure.  Dictionary numbers become their texts, bit masks their purposes, instants ISO 8601 in UTC,
and every list of counts gets its names.  No column is left out: what cannot be put into words is
given as it is stored, since the report is of everything held (Article 15(1)).
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from gateway.rights.reidentification.purposes import MEANINGS, Purpose
from policies.vocabulary import EventKind
from workers.features import recent
from workers.store.computation import WAY_BYTES

Record = Mapping[str, Any]
Readable = dict[str, Any]

WORD_COLUMNS: Final = (
    "name",
    "page",
    "product",
    "category",
    "label",
    "campaign",
    "referrer",
    "device",
)
STATES: Final = ("alive", "restricted", "erased")
_KINDS: Final = tuple(EventKind)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_PARTIALS: Final = {0: "events", 1: "sessions", 2: "amount"}  # then 10 + step


@dataclass(frozen=True, slots=True)
class Reference:
    """What the numbers in the rows stand for."""

    words: Mapping[int, str]
    purposes: Mapping[int, str]
    domains: Mapping[int, str]
    rulebooks: Mapping[int, str]
    sources: Mapping[int, str]
    segments: Mapping[int, str]
    feature_keys: Mapping[int, Sequence[str]]
    steps: Sequence[str]
    way: bytes  # by which rules the steps are counted; states of others are given by numbers


def readable(table: str, record: Record, reference: Reference) -> Readable:
    """Give one row of *table* (``schema.table``) with its numbers put into words."""
    plain = {name: _plain(value) for name, value in record.items()}
    worded = _WORDED.get(table)
    return plain if worded is None else plain | worded(record, reference)


def word_numbers(records: Iterable[Record]) -> list[int]:
    """Give every dictionary number the event rows mention."""
    found = {record[name] for record in records for name in WORD_COLUMNS}
    return sorted(number for number in found if number is not None)


def instant(at: datetime) -> str:
    """Give *at* as ISO 8601 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def instant_of_us(at_us: int) -> str:
    """Give microseconds since 1970 as ISO 8601 in UTC."""
    seconds, micros = divmod(at_us, 1_000_000)
    return instant(datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros))


def consent_in_force(
    triplets: Sequence[int], purposes: Mapping[int, str], now_us: int
) -> list[Readable]:
    """Give the folded consent: per purpose since when and until when, and whether it holds now."""
    return [
        {
            "purpose": purposes.get(triplets[at]),
            "in_force": triplets[at + 1] <= now_us < triplets[at + 2],
            "since": instant_of_us(triplets[at + 1]),
            "until": instant_of_us(triplets[at + 2]),
        }
        for at in range(0, len(triplets), 3)
    ]


def mask_names(mask: int, purposes: Mapping[int, str]) -> list[str]:
    """Give the purposes of a bit mask."""
    return [key for number, key in sorted(purposes.items()) if mask >> (number - 1) & 1]


def _event(record: Record, reference: Reference) -> Readable:
    words: Readable = {
        name: None if record[name] is None else reference.words.get(record[name])
        for name in WORD_COLUMNS
    }
    kind = record["kind"]
    return words | {
        "purposes": mask_names(record["purposes"], reference.purposes),
        "source": reference.sources.get(record["source"]),
        "kind": str(_KINDS[kind]) if 0 <= kind < len(_KINDS) else kind,
    }


def _registry(record: Record, reference: Reference) -> Readable:
    state = record["state"]
    return {
        "domain": reference.domains.get(record["domain"]),
        "state": STATES[state] if 0 <= state < len(STATES) else state,
        "objected": mask_names(record["objected"], reference.purposes),
        "consent": [
            {
                "purpose": reference.purposes.get(number),
                "since": instant_of_us(since),
                "until": instant_of_us(until),
            }
            for number, since, until in _threes(record["consent"])
        ],
    }


def _consent(record: Record, reference: Reference) -> Readable:
    return {
        "purpose": reference.purposes.get(record["purpose"]),
        "source": reference.sources.get(record["source"]),
        "rulebook": reference.rulebooks.get(record["rulebook"]),
    }


def _quarantined(record: Record, reference: Reference) -> Readable:
    sealed = record["sealed"]
    return {
        "purposes": mask_names(record["purposes"], reference.purposes),
        "source": reference.sources.get(record["source"]),
        "rulebook": reference.rulebooks.get(record["rulebook"]),
        # Nobody here can open it, and its bytes say nothing.
        "sealed": None if sealed is None else f"{len(sealed)} bytes for the officer's key",
    }


def _withdrawal(record: Record, reference: Reference) -> Readable:
    return {"purpose": reference.purposes.get(record["purpose"])}


def _state(record: Record, reference: Reference) -> Readable:
    known = record["recent"][:WAY_BYTES] == reference.way
    steps = reference.steps if known else ()
    names = [*steps, *map(str, range(len(steps), len(record["steps"])))]
    return {
        "last_step": _named(names, record["last_step"]),
        "steps": dict(zip(names, record["steps"], strict=False)),
        "dwell": dict(zip(names, record["dwell"], strict=False)),
        "recent": _recent(record["recent"], names) if known else record["recent"].hex(),
        "days": [
            {
                "day": date.fromordinal(_EPOCH_DAY + day).isoformat(),
                "what": _PARTIALS.get(code) or _step_name(names, code - 10),
                "value": value,
            }
            for day, code, value in _threes(record["days"])
        ],
    }


def _recent(packed: bytes, names: Sequence[str]) -> Readable:
    """Give the events folded last, and the numbers of the state before them, instants in words."""
    packed = packed[WAY_BYTES:]
    base = recent.base_of(packed)
    before = None if base is None else dict(zip(recent.NUMBERS, base, strict=True))
    return {
        "before": before and {
            name: _of_number(name, number, names) for name, number in before.items()
        },
        "events": [
            {
                "at": instant_of_us(at_us),
                "message": mid,
                "step": _named(names, step),
                "click": click,
                "amount": amount,
            }
            for at_us, mid, step, click, amount, _ in recent.events_of(packed)
        ],
    }  # fmt: skip


def _of_number(name: str, number: int, steps: Sequence[str]) -> int | str | None:
    if name == "last_step":
        return _named(steps, number)
    if name.endswith("_us"):
        return None if number == recent.NEVER else instant_of_us(number)
    return number


def _named(names: Sequence[str], step: int) -> str | None:
    return names[step] if 0 <= step < len(names) else None


def _membership(record: Record, reference: Reference) -> Readable:
    return {"segment": reference.segments.get(record["segment"])}


def _snapshot(record: Record, reference: Reference) -> Readable:
    keys = reference.feature_keys.get(record["feature_set"], ())
    return {"values": dict(zip(keys, record["values"], strict=False))}


def _link(record: Record, reference: Reference) -> Readable:
    undone = record["undone_at"] is not None
    return {
        "source": reference.sources.get(record["source"]),
        "standing": "undone" if undone else "in force",
    }


def _identifier(record: Record, reference: Reference) -> Readable:
    return {"source": reference.sources.get(record["source"])}


def _reidentified(record: Record, _reference: Reference) -> Readable:
    """Say what for, in words; by whom is a role, since the staff have rights, too (C-579/21)."""
    purpose = record["purpose"]
    return {"meaning": MEANINGS[Purpose(purpose)] if purpose in set(Purpose) else None}


_WORDED: Final[Mapping[str, Callable[[Record, Reference], Readable]]] = {
    "store.event": _event,
    "store.subject": _registry,
    "store.consent_record": _consent,
    "store.withdrawal": _withdrawal,
    "store.quarantine": _quarantined,
    "store.state": _state,
    "store.membership": _membership,
    "store.feature_snapshot": _snapshot,
    "vault.identifier": _identifier,
    "vault.link": _link,
    "rights.reidentification": _reidentified,
}


def _step_name(names: Sequence[str], index: int) -> str:
    return names[index] if 0 <= index < len(names) else f"step {index}"


def _threes(flat: Sequence[int]) -> Iterable[tuple[int, int, int]]:
    return zip(flat[0::3], flat[1::3], flat[2::3], strict=True)


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON
    match value:
        case datetime():
            return instant(value)
        case date():
            return value.isoformat()
        case uuid.UUID():
            return str(value)
        case bytes() | memoryview():
            return bytes(value).hex()
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value
