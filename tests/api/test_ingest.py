"""The tracking dialect as its clients speak it: what is sent, what is answered, what is kept."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from tests.support.builders import ADA, ALL_CATEGORIES, consent
from tests.support.front import Front

LETTERS = {"t": "track", "i": "identify", "p": "page", "s": "screen", "g": "group", "a": "alias"}
PATHS = [*LETTERS, *LETTERS.values()]
BATCHES = ["b", "batch", "import"]
MAX_EVENT, MAX_BATCH = 32 * 1024, 500 * 1024

numbers = itertools.count(1)


OF_KIND: dict[str, dict[str, str]] = {
    "track": {"event": "Product Added"},
    "page": {"name": "Home"},
    "screen": {"name": "Home"},
    "group": {"groupId": "g1"},
    "alias": {"previousId": "before"},
}


def call(kind: str = "track", **members: Any) -> dict[str, Any]:
    """Give a call that is stored, whenever it comes."""
    return {
        "type": kind,
        "messageId": f"api-{next(numbers):06}",  # of one length, for bodies of an exact size
        "userId": ADA.user_id,
        "context": {"consent": consent(*ALL_CATEGORIES)},
        **OF_KIND.get(kind, {}),
        **members,
    }


def padded(size: int, wrap: Any = lambda inner: inner) -> bytes:
    """Give a body of exactly *size* bytes around a call that is stored."""
    filled = call(properties={"note": ""})
    bare = len(msgspec.json.encode(wrap(filled)))
    filled["properties"]["note"] = "x" * (size - bare)
    body = msgspec.json.encode(wrap(filled))
    assert len(body) == size
    return body


def batch(*calls: Any, **members: Any) -> dict[str, Any]:
    return {"batch": list(calls), **members}


# Paths


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("path", PATHS)
def test_every_call_has_a_path_and_a_letter(front: Front, path: str, slash: str) -> None:
    kind = LETTERS.get(path, path)
    body = call(kind)
    del body["type"]  # the path says it
    before = front.outcomes()
    answer = front.post(f"/v1/{path}{slash}", body)
    assert (answer.status_code, answer.content) == (200, b'{"success":true}')
    assert answer.headers["content-type"] == "application/json"
    # The shop declares no group; `identify` and `alias` say who somebody is, and nothing more.
    noted = {"group": "event-unknown", "identify": "noted", "alias": "noted"}
    assert front.counted(before) == {noted.get(kind, "stored"): 1}


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("path", BATCHES)
def test_a_batch_has_three_paths(front: Front, path: str, slash: str) -> None:
    before = front.outcomes()
    answer = front.post(f"/v1/{path}{slash}", batch(call(), call("page"), call("screen")))
    assert (answer.status_code, answer.content) == (200, b'{"success":true}')
    assert front.counted(before) == {"stored": 3}


# Who sends


def basic(key: str, *, colon: bool = True) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{key}{':' * colon}".encode()).decode()}


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def sources_of(front: Front, message: dict[str, Any], headers: dict[str, str]) -> list[str]:
    """Send *message*; give the sources its events are stored for."""
    last = front.rows("select coalesce(max(id), 0) from store.batch")[0][0]
    answer = front.post("/v1/track", message, auth=None, headers=headers)
    assert answer.status_code == 200, answer.text
    found = front.rows(
        "select distinct source.key from store.event join store.source on source.id = event.source"
        f" where batch > {last}"
    )
    return [row[0] for row in found]


@pytest.mark.parametrize("colon", [True, False])
def test_basic_carries_the_key_with_and_without_its_colon(front: Front, *, colon: bool) -> None:
    assert sources_of(front, call(), basic(front.key, colon=colon)) == ["web"]


def test_the_body_carries_the_key(front: Front) -> None:
    assert sources_of(front, call(writeKey=front.key), {}) == ["web"]


def test_a_bearer_token_of_another_system_leaves_the_key_to_the_body(front: Front) -> None:
    sent = call(writeKey=front.keys["crm"])
    assert sources_of(front, sent, bearer("an-oauth-token-of-somebody-else")) == ["crm"]


def test_a_bearer_key_of_ours_is_enough(front: Front) -> None:
    assert sources_of(front, call(), bearer(front.keys["crm"])) == ["crm"]


def test_where_basic_and_body_disagree_basic_counts(front: Front) -> None:
    sent = call(writeKey=front.keys["crm"])
    assert sources_of(front, sent, basic(front.key)) == ["web"]
    assert sources_of(front, call(writeKey="k:***"), basic(front.key)) == ["web"]
    refused = front.post("/v1/track", call(writeKey=front.key), auth=None, headers=basic("pk_a_b"))
    assert refused.status_code == 401


def test_where_bearer_and_body_disagree_the_body_counts(front: Front) -> None:
    sent = call(writeKey=front.keys["crm"])
    assert sources_of(front, sent, bearer(front.key)) == ["crm"]
    refused = front.post("/v1/track", call(writeKey="pk_a_b"), auth=None, headers=bearer(front.key))
    assert refused.status_code == 401


def test_the_outer_object_of_a_batch_carries_the_key(front: Front) -> None:
    answer = front.post("/v1/batch", batch(call(), writeKey=front.key), auth=None)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("name", "status"),
    [("unknown", 401), ("expired", 401), ("revoked", 401), ("off", 401), ("segments:read", 403)],
)
def test_a_key_that_may_not_send_stores_nothing(front: Front, name: str, status: int) -> None:
    keys = {"unknown": front.key[:-4] + "none", **front.keys}
    before = front.stored()
    answer = front.post("/v1/batch", batch(call()), auth=(keys[name], ""))
    assert answer.status_code == status
    assert answer.json()["code"] == {401: "credential-invalid", 403: "scope-missing"}[status]
    assert front.stored() == before


HEADERS = [
    {},
    {"authorization": ""},
    {"authorization": "Basic"},
    {"authorization": "Basic %%%"},
    {"authorization": "Basic Og=="},
    {"authorization": "Basic /////w=="},
    {"authorization": "Bearer"},
    {"authorization": "Digest username=ada"},
    bearer("x" * 5000),
    bearer("pk__"),
    basic("pk_\0a_b"),
    basic("pk_a\ud7ff_b"),
]


@pytest.mark.parametrize("headers", HEADERS)
def test_what_is_no_key_is_401_with_code_and_message(front: Front, headers: dict[str, str]) -> None:
    answer = front.post("/v1/track", call(), auth=None, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "credential-invalid"
    assert answer.json()["message"]


@pytest.mark.parametrize("key", [None, 7, {}, "", "pk_\u0000_x", "\u0000", "x" * 10_000])
def test_a_key_in_the_body_that_is_none_is_401(front: Front, key: Any) -> None:
    answer = front.post("/v1/track", call(writeKey=key), auth=None)
    assert answer.status_code == 401


# How it is packed and labelled


LABELS = [
    "application/json",
    "application/json; charset=utf-8",
    "text/plain",
    "text/plain;charset=UTF-8",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "nonsense",
    "",
]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("packed", [False, True])
def test_the_label_of_a_body_is_not_believed(front: Front, label: str, *, packed: bool) -> None:
    body = json.dumps(batch(call())).encode()
    headers = {"content-type": label}
    if packed:
        body, headers["content-encoding"] = gzip.compress(body), "gzip"
    before = front.outcomes()
    answer = front.post("/v1/batch", body, headers=headers)
    assert (answer.status_code, answer.content) == (200, b'{"success":true}')
    assert front.counted(before) == {"stored": 1}


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"{}"),
        ("gzip", gzip.compress(b"{}", mtime=0)[:-4]),
        ("gzip", gzip.compress(b"{}", mtime=0) + b"more"),
        ("gzip", b""),
        ("br", b"{}"),
        ("deflate", b"{}"),
    ],
)
def test_a_body_that_is_not_packed_as_it_says_is_400(
    front: Front, encoding: str, body: bytes
) -> None:
    answer = front.post("/v1/batch", body, headers={"content-encoding": encoding})
    assert (answer.status_code, answer.json()["code"]) == (400, "body-invalid")


# Members


def test_null_members_are_members_that_were_not_sent(front: Front) -> None:
    nulls: dict[str, Any] = dict.fromkeys(
        ["anonymousId", "previousId", "name", "category", "timestamp", "originalTimestamp",
         "sentAt", "properties", "traits", "integrations"]
    )  # fmt: skip
    before = front.outcomes()
    answer = front.post("/v1/batch", batch(call(**nulls), sentAt=None, context=None))
    assert answer.status_code == 200
    by_cookie = call(userId=None, anonymousId=ADA.anonymous_id, messageId=None)
    assert front.post("/v1/track", by_cookie).status_code == 200
    assert front.counted(before) == {"stored": 2}


def test_a_call_without_anybody_is_answered_200_and_counted(front: Front) -> None:
    before = front.outcomes()
    nobody = call(userId=None, anonymousId="")
    assert front.post("/v1/track", nobody).content == b'{"success":true}'
    assert front.counted(before) == {"identifier-missing": 1}


def test_a_message_sent_again_is_stored_once(front: Front) -> None:
    sent = batch(*(call() for _ in range(5)))
    before = front.outcomes()
    for attempt in range(3):
        answer = front.post("/v1/batch", sent, headers={"x-retry-count": str(attempt)})
        assert answer.status_code == 200
    assert front.counted(before) == {"stored": 5, "duplicate": 10}


def test_the_outer_context_speaks_for_every_item(front: Front) -> None:
    silent = [call(context=None), call(context={})]
    before = front.outcomes()
    front.post("/v1/batch", batch(*silent, context={"consent": consent(*ALL_CATEGORIES)}))
    assert front.counted(before) == {"stored": 2}


# Consent


def test_a_denied_batch_is_answered_200_and_nothing_of_it_is_stored(front: Front) -> None:
    denied = {"consent": consent(refused=ALL_CATEGORIES)}
    # Somebody no other test has met: the application is shared, and so is what it remembers.
    stranger = f"stranger-{uuid4().hex}"
    silent = call(userId=stranger, context={})
    refusing = call(userId=stranger, context=denied)
    people = "select count(*) from store.subject"
    before, events, known = front.outcomes(), front.stored(), front.rows(people)
    answer = front.post("/v1/batch", batch(silent, refusing))
    assert (answer.status_code, answer.content) == (200, b'{"success":true}')
    assert front.counted(before) == {"consent-missing": 1, "consent-refused": 1}
    assert (front.stored(), front.rows(people)) == (events, known)


# Limits


def test_a_call_may_be_32_kb_and_not_a_byte_more(front: Front) -> None:
    assert front.post("/v1/track", padded(MAX_EVENT)).status_code == 200
    refused = front.post("/v1/track", padded(MAX_EVENT + 1))
    assert (refused.status_code, refused.json()["code"]) == (400, "body-too-large")


def test_an_item_over_32_kb_is_refused_and_its_neighbours_are_stored(front: Front) -> None:
    before = front.outcomes()
    large = json.loads(padded(MAX_EVENT + 1))
    fitting = json.loads(padded(MAX_EVENT))
    assert front.post("/v1/batch", batch(call(), large, fitting)).status_code == 200
    assert front.counted(before) == {"stored": 2, "too-large": 1}


def test_a_batch_may_be_500_kb_and_not_a_byte_more(front: Front) -> None:
    def spread(inner: Any) -> Any:
        return batch(call(), context={"ballast": inner["properties"]["note"]})

    assert front.post("/v1/batch", padded(MAX_BATCH, spread)).status_code == 200
    for body in (padded(MAX_BATCH + 1, spread), padded(4 * MAX_BATCH, spread)):
        refused = front.post("/v1/batch", body)
        assert (refused.status_code, refused.json()["code"]) == (400, "body-too-large")
        packed = front.post("/v1/batch", gzip.compress(body), headers={"content-encoding": "gzip"})
        assert (packed.status_code, packed.json()["code"]) == (400, "body-too-large")


def test_a_batch_of_2500_is_read_and_a_longer_one_is_answered_200_and_rejected(
    front: Front,
) -> None:
    before = front.outcomes()
    nobody = [{"type": "track"}] * 2_500
    assert front.post("/v1/batch", batch(*nobody)).status_code == 200
    assert front.counted(before) == {"identifier-missing": 2_500}
    before, events = front.outcomes(), front.stored()
    answer = front.post("/v1/batch", batch(*nobody, call()))
    assert (answer.status_code, answer.content) == (200, b'{"success":true}')
    assert front.counted(before) == {"batch-too-long": 2_501}
    assert front.stored() == events


# Browsers


@pytest.mark.parametrize("path", [*PATHS, *BATCHES])
def test_a_browser_may_ask_first(front: Front, path: str) -> None:
    answer = front.client.request(
        "OPTIONS",
        f"/v1/{path}",
        headers={
            "origin": "https://shop.example.com",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type",
        },
    )
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert {"authorization", "content-type", "x-retry-count", "sp-anonymous"} <= set(allowed)


def test_every_answer_may_be_read_by_a_page_of_another_origin(front: Front) -> None:
    answers = [
        front.post("/v1/t", call()),
        front.post("/v1/t", b"{"),
        front.post("/v1/t", call(), auth=None),
        front.client.get("/v1/t"),
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 401, 405]
    assert {answer.headers["access-control-allow-origin"] for answer in answers} == {"*"}


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_another_method_is_told_which_there_are(front: Front, method: str) -> None:
    answer = front.client.request(method, "/v1/batch")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST, OPTIONS"
    assert answer.json()["code"] == "method-not-allowed"
