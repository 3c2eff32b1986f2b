"""The rows that an event becomes are, each by itself, what its domain may have of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.ingest.decide import SILENT, Instants
from gateway.ingest.drafts import Draft, Found
from gateway.ingest.ledger import Standing
from gateway.ingest.naming import Naming, Numbering
from gateway.ingest.rows import WORD_KINDS, Writer, event_row
from gateway.ingest.storing import Admitted
from gateway.ingest.wire import WireEvent
from policies.vocabulary import Column
from workers.store.event_rows import pack

NAMES = {"Product Viewed": 7}
DOMAINS = {1: "measurement", 2: "marketing", 3: "sales"}
BATCH = 5
PURPOSES = 0b1111


class Ids:
    """Numbers messages by what they are called, so that a test can say which it means."""

    def __call__(self, source: int, domain: str, text: str) -> int:
        return self.numbering(source, domain)(text)

    def numbering(self, source: int, domain: str) -> Numbering:
        return lambda text: 1_000 * source + 10 * len(domain) + len(text)


number = st.integers(1, 2**31 - 1)
values = {
    Column.AMOUNT: st.integers(-(10**9), 10**12),
    Column.NUMBER: st.floats(allow_nan=False),
    Column.QUANTITY: number,
    Column.TEXT: st.text("abé", min_size=1, max_size=9),
    **dict.fromkeys(WORD_KINDS, st.text("abé", min_size=1, max_size=9)),
}
masks = st.integers(1, PURPOSES)


def founds(column: Column) -> st.SearchStrategy[Found]:
    numbered = st.none() | number if column in WORD_KINDS else st.none()
    return st.builds(Found, st.just(column), values[column], masks, number=numbered)


found = st.sampled_from(sorted(values)).flatmap(founds)
happened = st.tuples(
    st.lists(found, max_size=6),
    st.lists(masks, min_size=1, max_size=3),
    st.integers(1, 3),
    st.text(max_size=9),
)


def admitted(place: int, seen: tuple[list[Found], list[int], int, str]) -> list[Admitted]:
    kept, served, source, message = seen
    event = WireEvent("track", "", (), (), message, 0, None, explicit_act=False, parts={})
    when = Instants(1_780_000_000_000_000 + place, 1_780_000_000_000_000)
    draft = Draft(source, event, None, "Product Viewed", SILENT, when, message, PURPOSES)
    draft.found = kept
    return [
        Admitted(draft, Standing(10 * place + domain, 0, 0, [], fresh=False), domain, purposes)
        for domain, purposes in enumerate(served, 1)
    ]


@given(st.lists(happened, max_size=5))
def test_rows_made_together_are_those_made_one_by_one(
    events: list[tuple[list[Found], list[int], int, str]],
) -> None:
    items = [item for place, seen in enumerate(events) for item in admitted(place, seen)]
    every = [
        (kind, str(each.value))
        for item in items
        for each in item.draft.found
        if (kind := WORD_KINDS.get(each.column)) is not None
    ]
    words = {word: 100 + place for place, word in enumerate(dict.fromkeys(every))}
    made = Writer(BATCH, Naming(Ids()), DOMAINS, NAMES, words).records(items)
    assert len(made) == len(items)
    for item, record in zip(items, made, strict=True):
        mid = Ids()(item.draft.source, DOMAINS[item.domain], item.draft.message)
        alone = event_row(item, mid, BATCH, NAMES, words)
        assert record.key == (item.standing.subject, mid)
        assert record.body == pack(alone)
        facts = ("at", "name", "amount")  # what the live lane folds
        assert [getattr(record.row, fact) for fact in facts] == [
            getattr(alone, fact) for fact in facts
        ]
