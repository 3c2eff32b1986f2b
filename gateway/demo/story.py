"""The story: a shop's month, what was kept of it, and one person who asks and leaves."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.cli.audit import checked
from gateway.cli.children import keys_of
from gateway.cli.operators import first_token
from gateway.cli.refresh import brought_up
from gateway.cli.sources import first_key
from gateway.cli.standing import rules_of
from gateway.cli.started import Started
from gateway.demo.client import Api, RequestFailed, send
from gateway.demo.shop import Visitor, visitors
from gateway.rights import receipt as receipts
from pseudonymizer.key_opening import open_keys
from workers.store import counts
from workers.store.transactions import connect, transaction

MANY_PROPERTIES = 6
MEANT = {"noted": " (says that two names are one person; no event to keep)"}
MARKETING = ("personalisation", "email_marketing", "advertising")


@dataclass(frozen=True, slots=True)
class Teller:
    """Who tells it, and who plays: the shop's key, the office's token."""

    say: Callable[[str], None]
    running: Started
    key: str
    shop: Api
    office: Api

    def chapter(self, number: int, title: str) -> None:
        """Begin a chapter."""
        self.say(f"\n{number}. {title}")


def tell(running: Started, say: Callable[[str], None], *, count: int, seed: int) -> None:
    """Play the whole story on a running installation.

    Raises:
        RequestFailed: an answer was not what the story needs.
    """
    begun = time.monotonic()
    addresses = running.opened.addresses
    key = running.write_key or first_key(addresses)
    token = running.operator_token or first_token(addresses)
    teller = Teller(say, running, key, Api(running.url, key), Api(running.url, token))
    cohort = _arrive(teller, count, seed)
    _refused(teller)
    _segments(teller)
    _change_of_mind(teller, cohort)
    _access(teller, cohort[0])
    _erase(teller, cohort[0])
    log, findings = checked(running.opened)
    teller.chapter(7, "The audit log is checked from outside")
    verdict = "every entry and checkpoint holds" if not findings else "something differs"
    teller.say(f"   {len(log.headers)} entries, {len(log.notes)} signed checkpoints: {verdict}.")
    if findings:
        raise RequestFailed("the audit log does not hold; needed it to")
    _farewell(teller, time.monotonic() - begun)


def _arrive(teller: Teller, count: int, seed: int) -> list[Visitor]:
    teller.chapter(1, f"{count} people visit a French web shop")
    now = datetime.now(UTC).replace(microsecond=0)
    cohort = visitors(count, seed=seed, now=now, cast=secrets.token_hex(3))
    sent = send(teller.running.url, teller.key, cohort)
    silent = sum(visitor.choices is None for visitor in cohort)
    refused = sum(
        visitor.choices is not None and not any(visitor.choices.values()) for visitor in cohort
    )
    teller.say(f"   Their pages sent {sent} events through the front door, with the Segment SDK.")
    teller.say(f"   {refused} people refused everything; of {silent} nobody knows what they want.")
    return cohort


def _refused(teller: Teller) -> None:
    teller.chapter(2, "What was kept, what was refused, and why")
    store = teller.running.opened.addresses.store
    engine = connect(store, pool_size=1, application_name="paravent demo")
    today = datetime.now(UTC).date()
    try:
        with transaction(engine) as connection:
            decided = counts.decisions(connection, today - timedelta(days=1), today)
            dropped = counts.dropped(connection, today - timedelta(days=1), today)
    finally:
        engine.dispose()
    by_outcome: dict[str, int] = {}
    for decision, count in decided.items():
        by_outcome[decision.outcome] = by_outcome.get(decision.outcome, 0) + count
    for outcome, count in sorted(by_outcome.items(), key=lambda each: -each[1]):
        teller.say(f"   {count:>6}  {outcome}{MEANT.get(outcome, '')}")
    by_property: dict[str, int] = {}
    for drop, count in dropped.items():
        by_property[drop.property] = by_property.get(drop.property, 0) + count
    most = sorted(by_property.items(), key=lambda each: -each[1])[:MANY_PROPERTIES]
    teller.say("   Left out of the events that were kept, because no purpose needs it:")
    teller.say("   " + ", ".join(f"{name} ({count})" for name, count in most))
    scrubbed = by_property.get("query:scrubbed", 0)
    teller.say(f"   E-mail addresses typed into the search box, now <EMAIL_ADDRESS>: {scrubbed}.")


def _segments(teller: Teller) -> None:
    teller.chapter(3, "Segments, computed over pseudonyms, shown above the floor only")
    opened = teller.running.opened
    brought_up(opened.addresses, rules_of(opened))
    for segment in teller.shop.get("/v1/segments")["segments"]:
        size = segment["size"]
        shown = f"{size:>6}" if size is not None else f"  < {segment['floor']}"
        teller.say(f"   {shown}  {segment['label']['fr']} ({segment['key']})")


def _of(shop: Api, visitor: Visitor) -> list[str]:
    answer = shop.post("/v1/subjects/segments", _identified(visitor))
    return [segment["key"] for segment in answer["segments"]]


def _identified(visitor: Visitor) -> dict[str, Any]:
    return {"identifier": {"kind": "user_id", "value": visitor.user_id}}


def _change_of_mind(teller: Teller, cohort: list[Visitor]) -> None:
    shop = teller.shop
    teller.chapter(4, "Somebody changes their mind")
    changed = 0
    before: list[str] = []
    after: list[str] = []
    for visitor in cohort:
        held = _of(shop, visitor) if visitor.changes_mind else []
        if not held:
            continue
        withdrawn = dict.fromkeys(MARKETING, "withdrawn")
        shop.post("/v1/consents", _identified(visitor) | {"purposes": withdrawn})
        before, after, changed = held, _of(shop, visitor), changed + 1
    teller.say(f"   {changed} people withdraw their consent, in one call each.")
    if changed:
        teller.say(f"   One of them was in {', '.join(before)}; now in {after or 'none'}.")
    if after:
        raise RequestFailed("a withdrawn consent still has a membership; needed none")


def _access(teller: Teller, heroine: Visitor) -> None:
    teller.chapter(5, "Ada asks what is held about her (Article 15)")
    teller.say(f"   She is in: {', '.join(_of(teller.shop, heroine)) or 'no segment'}.")
    case = teller.office.post("/v1/rights/requests", _identified(heroine) | {"type": "access"})
    report = teller.office.get(case["result"])
    teller.say(f"   Case {case['id']}, due {case['due_at'][:10]}, closed at once.")
    for name, held in report["records"].items():
        if held:
            teller.say(f"   {len(held):>6}  {name}")


def _erase(teller: Teller, heroine: Visitor) -> None:
    office, shop, running = teller.office, teller.shop, teller.running
    teller.chapter(6, "Then she asks to be forgotten (Article 17)")
    case = office.post("/v1/rights/requests", _identified(heroine) | {"type": "erasure"})
    receipt = office.get(case["result"])
    with contextlib.closing(open_keys(keys_of(running.opened.installation))) as keys:
        receipts.check(receipt, keys.public_keys()[receipts.SIGNER])
    removed = sum(sum(tables.values()) for tables in receipt["per_store"].values())
    teller.say(f"   {removed} rows gone, her key destroyed, every store scanned; nothing found.")
    teller.say(f"   Receipt {receipt['receipt_id']}, signed with Ed25519; the signature holds.")
    teller.say(f"   {_backups(receipt['backup_bound_date'])}")
    before = _of(shop, heroine)
    send(running.url, teller.key, [heroine])
    teller.say("   Her old events are sent once more: all refused, because she is gone.")
    if before or _of(shop, heroine):
        raise RequestFailed("an erased person is still in a segment; needed none")


def _backups(bound: str | None) -> str:
    if bound is None:
        return (
            "Of backups made before, the receipt claims no date: no schedule ends their keys yet."
        )
    return f"Backups lose the ability to name her by {bound}."


def _farewell(teller: Teller, seconds: float) -> None:
    running, say = teller.running, teller.say
    say(f"\nThat took {seconds:.0f} seconds. The installation stays, until you delete it, in")
    say(f"   {running.opened.installation.folder}")
    say(f"The interface is {running.url}, described at {running.url}/openapi.json")
