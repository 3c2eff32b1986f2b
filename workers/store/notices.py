"""Registering what people are shown: notices of the rulebook, and the banners that show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from policies.ruleset import NoticeRule, RuleSet
from workers.errors import NoticeRewritten
from workers.store.audit_log import AuditLog
from workers.store.tables.proof import banner, notice, shown

NOTICE_REGISTERED: Final = "notice:registered"
BANNER_REGISTERED: Final = "banner:registered"
TURN: Final = 0x6E6F7469  # of the advisory lock that lets one process register at a time


class BannerSaid(NamedTuple):
    """A version of a banner, as whoever built it says."""

    notice: str
    version: str
    platform: str
    code_sha256: str
    screenshots: Sequence[str]


class Registered(NamedTuple):
    """Where and when a banner was registered; ``again``: it had been before."""

    entry: int
    at: datetime
    again: bool


def register(
    connection: Connection,
    rules: RuleSet,
    *,
    rulebook: int,
    purposes: Mapping[str, int],
    now: datetime,
) -> int:
    """Register the notices of *rules* that are new; give how many were.

    Raises:
        NoticeRewritten: a notice that was shown has other words now.
    """
    numbers, new = _known(connection, rules)
    if new:
        # Several processes start at once: the first registers, the others find that it has.
        connection.execute(text("select pg_advisory_xact_lock(:turn)"), {"turn": TURN})
        numbers, new = _known(connection, rules)
    for rule in new:
        numbers[rule.key] = _registered(connection, rule, now)
    _show(connection, rules, rulebook=rulebook, purposes=purposes, numbers=numbers)
    return len(new)


def _known(connection: Connection, rules: RuleSet) -> tuple[dict[str, int], list[NoticeRule]]:
    """Give the numbers of the notices that are registered, and the rules that are not."""
    known = {row.key: row for row in connection.execute(select(notice))}
    for rule in rules.notices.values():
        if rule.key in known and known[rule.key].text_sha256 != rule.text_sha256:
            raise NoticeRewritten(rule.key)
    new = [rule for rule in rules.notices.values() if rule.key not in known]
    return {key: row.id for key, row in known.items()}, new


def _registered(connection: Connection, rule: NoticeRule, now: datetime) -> int:
    entry = AuditLog(connection).append(
        NOTICE_REGISTERED,
        None,
        {
            "notice": rule.key,
            "version": rule.version,
            "valid_from": rule.valid_from,
            "language": rule.language,
            "sha256": rule.text_sha256,
        },
    )
    values = {
        "entry": entry,
        "registered_at": now,
        "valid_from": date.fromisoformat(rule.valid_from),
        "key": rule.key,
        "version": rule.version,
        "language": rule.language,
        "text_sha256": rule.text_sha256,
        "text": rule.text,
    }
    made = insert(notice).values(values).returning(notice.c.id)
    return int(connection.execute(made).scalar_one())


def _show(
    connection: Connection,
    rules: RuleSet,
    *,
    rulebook: int,
    purposes: Mapping[str, int],
    numbers: Mapping[str, int],
) -> None:
    rows = [
        {"rulebook": rulebook, "purpose": purposes[key], "notice": numbers[rule.notice]}
        for key, rule in rules.purposes.items()
    ]
    if rows:
        connection.execute(insert(shown).values(rows).on_conflict_do_nothing())


def register_banner(
    connection: Connection, said: BannerSaid, *, by: str, now: datetime
) -> Registered | None:
    """Register a version of a banner, as said *by* an operator; ``None`` if its notice is unknown.

    At most seven screenshots: their hashes are one field of an entry.
    """
    number = connection.execute(
        select(notice.c.id).where(notice.c.key == said.notice)
    ).scalar_one_or_none()
    if number is None:
        return None
    same = select(banner.c.entry, banner.c.registered_at).where(
        banner.c.notice == number,
        banner.c.code_sha256 == said.code_sha256,
        banner.c.version == said.version,
    )
    known = connection.execute(same).one_or_none()
    if known is not None:
        return Registered(known.entry, known.registered_at, again=True)
    entry = AuditLog(connection).append(
        BANNER_REGISTERED,
        None,
        {
            "notice": said.notice,
            "version": said.version,
            "platform": said.platform,
            "code_sha256": said.code_sha256,
            "screenshots": " ".join(said.screenshots),
            "by": by,
        },
    )
    values = {
        "entry": entry,
        "registered_at": now,
        "notice": number,
        "code_sha256": said.code_sha256,
        "screenshots": list(said.screenshots),
        "version": said.version,
        "platform": said.platform,
    }
    connection.execute(insert(banner).values(values))
    return Registered(entry, now, again=False)


def listed(connection: Connection) -> list[dict[str, object]]:
    """Give every notice, without its text, and its banners, oldest first."""
    found = []
    for row in connection.execute(select(notice).order_by(notice.c.id)).mappings():
        shows = select(banner).where(banner.c.notice == row["id"]).order_by(banner.c.id)
        found.append(
            {name: row[name] for name in ("key", "version", "language", "text_sha256", "entry")}
            | {"valid_from": row["valid_from"], "registered_at": row["registered_at"]}
            | {"banners": [
                {name: each[name] for name in (
                    "version", "platform", "code_sha256", "screenshots", "entry", "registered_at"
                )} for each in connection.execute(shows).mappings()
            ]}
        )  # fmt: skip
    return found
