"""The whole way of a body to the rows it becomes, without the databases at its end.

What they would answer is made up here: everybody is known, everything is consented to.  So every
value that a purpose may have is read, converted, looked at and packed.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Sequence
from typing import Final

from gateway.errors import BodyInvalid, BodyTooLarge
from gateway.ingest.dialects import segment
from gateway.ingest.drafts import Draft, Tally
from gateway.ingest.ledger import Standing
from gateway.ingest.minimise import Minimiser
from gateway.ingest.naming import Naming, Numbering
from gateway.ingest.prepare import UNKNOWN_EVENT, Intake, prepare
from gateway.ingest.published import published_name
from gateway.ingest.resolve import resolve
from gateway.ingest.rows import WORD_KINDS, Record, Word, Writer
from gateway.ingest.rules import CompiledRules
from gateway.ingest.storing import Admitted
from policies.decisions import Reason
from policies.load import load_rulebook
from pseudonymizer.encoding import enc_text
from pseudonymizer.lookup import Lookup, Resolved
from tests.fuzz.targets.bodies import CALLS, NOW_US
from tests.fuzz.targets.texts import scrubber
from workers.store.event_rows import EventRow
from workers.store.registry import ALIVE

PIDS: Final = {"measurement": b"m" * 16, "marketing": b"k" * 16}
_ROW: Final = len(EventRow._fields).to_bytes(2, "big")
KINDS: Final = ("(identify)", "(alias)", UNKNOWN_EVENT)


@functools.cache
def rules() -> CompiledRules:
    book = load_rulebook()
    numbered = {key: number for number, key in enumerate(book.purposes, 1)}
    return CompiledRules(book, numbered, {key: at for at, key in enumerate(book.domains, 1)})


@functools.cache
def minimiser() -> Minimiser:
    return Minimiser(scrubber())


@functools.cache
def countable() -> frozenset[str]:
    """Give every name under which something may be counted."""
    properties = {f"{name}:{how}" for rule in rules().ruleset.events.values()
                  for name in rule.properties for how in ("invalid", "scrubbed")}  # fmt: skip
    return frozenset({*rules().ruleset.events, *KINDS, *map(str, Reason), *properties, "(other)"})


def rows(data: bytes) -> None:
    """Whatever a body says becomes rows that PostgreSQL takes, and counts under names of ours."""
    call, body = CALLS[data[0] % len(CALLS)] if data else "track", data[1:]
    with contextlib.suppress(BodyInvalid, BodyTooLarge):
        events = segment.decode(call, body, NOW_US).events
        tally = Tally()
        drafts = prepare(Intake(rules(), 1, NOW_US), events, tally)
        resolve(rules(), drafts, _everybody)
        going = [draft for draft in drafts if draft.outcome is None]
        minimiser()(going, tally)
        for draft in going:
            for record in _records(draft):
                assert b"\0" not in (record.row.text or "").encode()
                assert record.body.startswith(_ROW)
        names = [part for key in (*tally.outcomes, *tally.dropped) for part in key[1:]]
        assert all(name in countable() or published_name(name) for name in names)


def _records(draft: Draft) -> list[Record]:
    if draft.plan is None:
        return []
    standing = Standing(1, ALIVE, 0, [], fresh=False)
    words: dict[Word, int] = {}
    for found in draft.found:
        kind = WORD_KINDS.get(found.column)
        if kind is not None:
            word = str(found.value)
            assert word.encode()
            assert "\0" not in word
            words[kind, word] = 1
    names = dict.fromkeys(rules().ruleset.events, 1)
    domains = {number: key for number, key, _ in draft.plan.domains}
    admitted = [
        Admitted(draft, standing, number, mask & draft.wanted)
        for number, _, mask in draft.plan.domains
    ]
    return Writer(1, Naming(_Ids()), domains, names, words).records(admitted)


class _Ids:
    """Names messages as the keyring does, without its key: by bytes that encode every text."""

    def __call__(self, source: int, domain: str, text: str) -> int:
        return self.numbering(source, domain)(text)

    def numbering(self, source: int, domain: str) -> Numbering:
        return lambda text: hash((source, domain, enc_text(text))) >> 1


def _everybody(wanted: Sequence[Lookup]) -> Sequence[Resolved]:
    for each in wanted:
        for kind, form in each.identifiers:
            assert kind
            assert enc_text(form)
    return [Resolved("known", PIDS)] * len(wanted)
