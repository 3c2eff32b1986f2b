"""Holding an installation that has come back by itself against what everybody was answered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from gateway.embedded import EmbeddedPostgres
from policies.load import load_rulebook
from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.keyring import Keyring
from pseudonymizer.vault.remember import Resolver
from pseudonymizer.vault.transactions import connect as connect_vault
from tests.faults import gone
from tests.faults.model import Books
from tests.support.consistency import divergent, refreshed_otherwise
from tests.support.messages import named_in
from tests.support.outages import eventually
from workers.store.computation import Computation
from workers.store.transactions import connect as connect_store
from workers.store.transactions import transaction

if TYPE_CHECKING:
    from tests.faults.aftermath import Aftermath
    from tests.faults.storm import Storm


OPEN = """
select count(*) from store.withdrawal w join store.subject s on s.id = w.subject and s.state = 0
where w.finished_at is null"""


def judged(storm: Storm) -> Aftermath:
    """Wait until everything has caught up, then judge; give what there is to say."""
    began = time.monotonic()
    eventually(storm.patient.caught_up, "catching up")
    eventually(lambda: storm.patient.rows(OPEN) == [(0,)], "the end of every withdrawal")
    storm.after.caught_up_s = time.monotonic() - began
    store = connect_store(storm.patient.dsn(), application_name="paravent-tests")
    vault = connect_vault(EmbeddedPostgres(storm.home.data).dsn("vault"))
    try:
        eventually(lambda: not gone.unclosed(vault), "the end of every erasure")
        _judge(storm, store, vault)
    finally:
        store.dispose()
        vault.dispose()
    return storm.after


def _judge(storm: Storm, store: Engine, vault: Engine) -> None:
    after, rules = storm.after, load_rulebook()
    keyring = Keyring(FileKeyProvider.open(storm.home.data / "secrets" / "keys.json"))
    resolver = Resolver(vault, keyring)
    ((source,),) = storm.patient.rows("select source from store.source_key")
    books = Books(
        store,
        named_in(rules.domains, keyring, source),
        lambda wanted: resolver.resolve(wanted, domains=tuple(rules.domains)),
    )
    model, choices = storm.traffic.model, storm.choices
    after.verdict = model.judge(books)
    places = model.places(books)
    after.forgotten = choices.forgotten(books, places)
    after.kept_in = choices.kept_in(books, places)
    after.released = choices.released
    left, sent = storm.leaver.departures, storm.leaving.model
    after.gone = gone.look(books, vault, keyring, departures=left, sent=sent, others=places)
    with transaction(store) as connection:
        ctx = Computation.build(connection, rules)
    after.divergent = divergent(store, ctx)
    after.refreshed_otherwise = len(refreshed_otherwise(store, ctx))
