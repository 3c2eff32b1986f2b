"""Hostile and careless requests at every path: a clear refusal, no echo, no 500."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.support.builders import ADA, ALL_CATEGORIES, consent
from tests.support.front import Front, Headers

CANARY = "canary-hypatia@example.org"
PROBLEM = {"type", "title", "status", "detail", "code", "message", "remedy"}

EVENT: dict[str, Any] = {
    "type": "track",
    "event": "Product Added",
    "userId": ADA.user_id,
    "messageId": "bad-input-1",
    "timestamp": "2026-11-01T12:00:00Z",
    "properties": {"product_id": "engine", "price": 18.15},
    "context": {"consent": consent(*ALL_CATEGORIES), "page": {"url": "https://shop.example.com/"}},
}
IDENTIFIER = {"kind": "user_id", "value": ADA.user_id}


@dataclass(frozen=True)
class Path:
    """One path that reads a body, who may call it, and a body it takes."""

    name: str
    body: Any
    operator: bool = False

    def send(self, front: Front, body: Any = None, **options: Any) -> httpx.Response:
        headers = {**(front.dpo if self.operator else {}), **options.pop("headers", {})}
        options.setdefault("auth", None if self.operator else (front.key, ""))
        return front.post(self.name, body, headers=headers, **options)


TRACK = Path("/v1/track", EVENT)
BATCH = Path("/v1/batch", {"batch": [EVENT], "sentAt": "2026-11-01T12:00:00Z", "context": {}})
CONSENTS = Path(
    "/v1/consents",
    {
        "identifier": IDENTIFIER,
        "purposes": {"advertising": "given"},
        "at": "2026-11-01T12:00:00Z",
        "scope": "account",
        "notice": "n-1",
        "evidence": "ref 1",
    },
)
LOOKUP = Path("/v1/subjects/segments", {"identifier": IDENTIFIER})
RIGHTS = Path(
    "/v1/rights/requests",
    {
        "type": "access",
        "identifier": {"kind": "user_id", "value": "cust-nobody"},
        "identifiers": [],
        "identity_check": {"method": "in_person", "outcome": "confirmed"},
        "channel": "api",
    },
    operator=True,
)
OWN = [CONSENTS, LOOKUP, RIGHTS]
READING = [TRACK, BATCH, *OWN]


def named(path: Path) -> str:
    return path.name


def complaints(front: Front, template: str, answer: httpx.Response, method: str = "post") -> str:
    """Say what is wrong with *answer* as the answer to a bad request; nothing if nothing is."""
    if CANARY in answer.text or CANARY in str(answer.headers):
        return "repeats what was sent"
    said = front.openapi["paths"][template][method]["responses"].get(str(answer.status_code))
    if said is None:
        return f"{answer.status_code} is not documented"
    kind = answer.headers["content-type"].partition(";")[0]
    if kind not in said["content"]:
        return f"{kind} is not documented"
    if answer.status_code >= 400 and set(answer.json()) != PROBLEM:
        return "is no problem document"
    return ""


# Bodies that no path can read


def unreadable() -> Iterator[tuple[str, bytes]]:
    said = json.dumps({"identifier": {"kind": "user_id", "value": CANARY}, "userId": CANARY})
    yield "nothing", b""
    yield "cut short", said[:-1].encode()
    yield "followed by more", said.encode() + b"}"
    yield "a string", json.dumps(CANARY).encode()
    yield "a number", b"7"
    yield "null", b"null"
    yield "an array", f'["{CANARY}"]'.encode()
    yield "not JSON", f"identifier={CANARY}".encode()
    yield "a NUL", said.encode().replace(b"hypatia", b"hypa\0tia")
    yield "a NUL in front", b"\0" + said.encode()
    yield "UTF-16", said.encode("utf-16")
    yield "no UTF-8", said.encode().replace(b"hypatia", b"hyp\xfftia")
    yield "a surrogate in UTF-8", said.encode().replace(b"hypatia", b"hyp\xed\xa0\x80tia")
    yield "deep arrays", b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}"
    yield "deep objects", b'{"a":' * 9_000 + b"1" + b"}" * 9_000
    yield "deep and cut short", b"[" * 60_000
    yield "a number of 30 000 digits", b'{"userId": ' + b"9" * 30_000 + b"}"
    yield "a number beyond any", b'{"a": 1e999999999, "userId": -1e999999999}'
    yield "NaN", b'{"userId": NaN}'


@pytest.mark.parametrize("path", READING, ids=named)
def test_a_body_nobody_can_read_is_refused(front: Front, path: Path) -> None:
    found = {}
    for what, body in unreadable():
        answer = path.send(front, body)
        wrong = complaints(front, path.name, answer)
        if wrong or answer.status_code not in (400, 422):
            found[what] = wrong or answer.status_code
    assert found == {}


@pytest.mark.parametrize("path", READING, ids=named)
def test_ten_thousand_members_are_too_many(front: Front, path: Path) -> None:
    many = {f"{CANARY}-{number}": number for number in range(10_000)}
    answer = path.send(front, {**path.body, **many})
    assert complaints(front, path.name, answer) == ""
    # The outer object of a batch is not an event: what no purpose needs is skipped unread.
    assert answer.status_code == {"/v1/track": 400, "/v1/batch": 200}.get(path.name, 413)


# Values of another kind, in every place


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def replaced(value: Any, place: tuple[Any, ...], other: Any) -> Any:
    changed = copy.deepcopy(value)
    inner = changed
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = other
    return changed


STRANGE: list[Any] = [
    None, True, 7, -1, 1.5, 2**70, "", CANARY, [], {}, [CANARY], {CANARY: CANARY}, [None, {}],
    CANARY * 400, "\0", f"a\0{CANARY}", "\u202e\u200b", {"a": [{"b": [CANARY]}]},
]  # fmt: skip


@pytest.mark.parametrize("path", READING, ids=named)
def test_any_value_in_any_place_is_answered_as_documented(front: Front, path: Path) -> None:
    found = {}
    for place in places(path.body):
        for strange in STRANGE:
            answer = path.send(front, replaced(path.body, place, strange))
            if wrong := complaints(front, path.name, answer):
                found[place, repr(strange)[:40]] = wrong
    assert found == {}


@pytest.mark.parametrize("path", OWN, ids=named)
def test_a_member_nobody_declared_is_refused_without_its_name(front: Front, path: Path) -> None:
    inside = [(), *(p for p in places(path.body) if isinstance(at(path.body, p), dict))]
    for place in inside:
        members = {**at(path.body, place), CANARY: CANARY}
        body = members if place == () else replaced(path.body, place, members)
        answer = path.send(front, body)
        assert answer.status_code == 422
        assert complaints(front, path.name, answer) == ""


def at(value: Any, place: tuple[Any, ...]) -> Any:
    for step in place:
        value = value[step]
    return value


@pytest.mark.parametrize("half", [b"\\ud800", b"\\udfff", b"\\udfff\\ud800"])
@pytest.mark.parametrize("path", OWN, ids=named)
def test_half_a_character_in_an_identifier_is_refused(
    front: Front, path: Path, half: bytes
) -> None:
    for name in (ADA.user_id, "cust-nobody"):
        body = json.dumps(path.body).encode().replace(name.encode(), half + CANARY.encode())
        if half in body:
            answer = path.send(front, body)
            assert (answer.status_code, answer.json()["code"]) == (422, "body-invalid")
            assert complaints(front, path.name, answer) == ""


@pytest.mark.parametrize("half", ["\\ud800", "\\udc00"])
def test_half_a_character_as_a_name_is_refused(front: Front, half: str) -> None:
    for body in (
        json.dumps({"identifier": IDENTIFIER, "purposes": {"@": "given"}}).replace("@", half),
        json.dumps({"identifier": IDENTIFIER, "purposes": {"@": "maybe"}}).replace("@", half),
        json.dumps({"identifier": IDENTIFIER, "@": "given"}).replace("@", half),
    ):
        answer = CONSENTS.send(front, body.encode())
        assert (answer.status_code, complaints(front, CONSENTS.name, answer)) == (422, "")


@pytest.mark.parametrize(
    "at_",
    ["", "yesterday", "0000-00-00T00:00:00Z", "0001-01-01T00:00:00+23:59", "1999-12-31T23:59:59Z",
     "2026-02-30T00:00:00Z", "2026-11-01", "2026-11-01T12:00:00", "-292277022399-01-01T00:00:00Z",
     "+99999-01-01T00:00:00Z", "2026-11-01T12:00:00+99:99", "12", 0, 1_700_000_000, 1e308, True],
)  # fmt: skip
def test_an_absurd_date_of_a_choice_is_refused(front: Front, at_: Any) -> None:
    answer = CONSENTS.send(front, {**CONSENTS.body, "at": at_})
    assert (answer.status_code, complaints(front, CONSENTS.name, answer)) == (422, "")
    assert answer.json()["detail"] == "The request does not have the documented form at at."


def test_a_choice_in_the_future_begins_now(front: Front) -> None:
    answer = CONSENTS.send(front, {**CONSENTS.body, "at": "9999-12-31T23:59:59-23:59"})
    assert answer.status_code == 200
    assert front.rows("select count(*) from store.consent_record where at > now()")[0][0] == 0


def test_an_unknown_purpose_and_an_impossible_identifier_say_which_they_are(front: Front) -> None:
    unknown = CONSENTS.send(front, {**CONSENTS.body, "purposes": {CANARY: "given"}})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "purpose-unknown")
    assert complaints(front, CONSENTS.name, unknown) == ""
    for path in (CONSENTS, LOOKUP):
        impossible = {"kind": "phone", "value": CANARY}
        answer = path.send(front, {**path.body, "identifier": impossible})
        assert (answer.status_code, answer.json()["code"]) == (422, "identifier-invalid")
        assert complaints(front, path.name, answer) == ""


@pytest.mark.parametrize(
    ("kind", "scope"),
    [("user_id", "device"), ("email", "device"), ("anonymous_id", "account")],
)
def test_a_scope_that_contradicts_the_identifier_is_refused(
    front: Front, kind: str, scope: str
) -> None:
    """No cookie speaks for an account, and no account for whoever sits at a device (R-100)."""
    named = {"kind": kind, "value": CANARY}
    answer = CONSENTS.send(front, {**CONSENTS.body, "identifier": named, "scope": scope})
    assert (answer.status_code, answer.json()["code"]) == (422, "body-invalid")
    assert complaints(front, CONSENTS.name, answer) == ""
    assert CONSENTS.send(front, {**CONSENTS.body, "scope": None}).status_code == 200


# Size and packing


def chunks(size: int) -> Iterator[bytes]:
    yield json.dumps({"userId": CANARY})[:-1].encode() + b', "ballast": "'
    for _ in range(size // 4096):
        yield b"x" * 4096
    yield b'"}'


@pytest.mark.parametrize("path", OWN, ids=named)
def test_64_kb_are_read_and_not_a_byte_more(front: Front, path: Path) -> None:
    whole = json.dumps(path.body).encode()
    limit = 64 * 1024
    assert path.send(front, whole + b" " * (limit - len(whole))).status_code in (200, 201)
    answer = path.send(front, whole + b" " * (limit + 1 - len(whole)))
    assert (answer.status_code, answer.json()["code"]) == (413, "request-too-large")
    assert complaints(front, path.name, answer) == ""


@pytest.mark.parametrize("path", READING, ids=named)
def test_a_body_that_does_not_say_how_long_it_is_has_the_same_bounds(
    front: Front, path: Path
) -> None:
    auth = None if path.operator else (front.key, "")
    headers = {"content-type": "application/json", **(front.dpo if path.operator else {})}
    sent = {"headers": headers, **({"auth": auth} if auth else {})}
    answer = front.client.stream("POST", path.name, chunks(2_000_000), **sent)
    assert answer.json()["code"] in ("body-too-large", "request-too-large")
    assert complaints(front, path.name, answer) == ""


@pytest.mark.parametrize("path", READING, ids=named)
def test_a_bomb_does_not_go_off(front: Front, path: Path) -> None:
    bomb = gzip.compress(b'{"batch": [' + b"0," * 10_000_000)
    answer = path.send(front, bomb, headers={"content-encoding": "gzip"})
    assert answer.status_code == (400 if path in (TRACK, BATCH) else 415)
    assert complaints(front, path.name, answer) == ""


@pytest.mark.parametrize("label", ["text/plain", "", "application/x-www-form-urlencoded", "json"])
@pytest.mark.parametrize("path", OWN, ids=named)
def test_our_own_paths_read_what_is_labelled_as_json_only(
    front: Front, path: Path, label: str
) -> None:
    answer = path.send(front, path.body, headers={"content-type": label})
    assert (answer.status_code, answer.json()["code"]) == (415, "media-type-unsupported")
    assert complaints(front, path.name, answer) == ""


# Whoever asks, wherever


def credentials(front: Front) -> list[Headers]:
    token = front.dpo["authorization"]
    return [
        {},
        {"authorization": ""},
        {"authorization": CANARY},
        {"authorization": "Basic " + CANARY},
        {"authorization": f"Bearer {CANARY}"},
        {"authorization": f"Bearer pk_{CANARY}_x"},
        {"authorization": "Bearer pk_abc_" + "x" * 43},
        {"authorization": "Bearer pvo_abc_" + "x" * 43},
        {"authorization": token[:-1] + ("a" if token[-1] != "a" else "b")},
        {"authorization": token + "x" * 9000},
        {"authorization": token.replace("pvo_", "pvo_\0")},
    ]


def test_without_a_credential_in_force_nobody_is_told_anything(front: Front) -> None:
    found = {}
    for template, method in guarded(front):
        path = template.replace("{case}", "6f0d9d1c-6f5a-4d0c-9d3c-0f2f4b7a1e55").replace(
            "{key}", "x"
        )
        for number, headers in enumerate(credentials(front)):
            answer = front.client.request(method, path, headers=headers, json=EVENT)
            wrong = complaints(front, template, answer, method)
            if wrong or answer.status_code != 401 or "www-authenticate" not in answer.headers:
                found[template, number] = wrong or answer.status_code
    assert found == {}


def guarded(front: Front) -> list[tuple[str, str]]:
    return [
        (template, method)
        for template, operations in front.openapi["paths"].items()
        for method, operation in operations.items()
        if operation.get("security")
    ]


def test_a_key_is_no_token_and_a_token_is_no_key(front: Front) -> None:
    key = {"authorization": f"Bearer {front.key}"}
    assert front.client.get("/v1/rights/requests", headers=key).status_code == 401
    assert front.post("/v1/track", EVENT, auth=None, headers=front.dpo).status_code == 401


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/v1/consents", "consent:write"),
        ("/v1/subjects/segments", "subjects:read"),
        ("/v1/segments", "segments:read"),
        ("/v1/segments/newcomers", "segments:read"),
    ],
)
def test_a_key_does_what_its_scope_says_and_nothing_else(
    front: Front, path: str, scope: str
) -> None:
    bodies = {each.name: each.body for each in OWN}
    for name, key in front.keys.items():
        if ":" in name or name == "ingest":
            headers = {"authorization": f"Bearer {key}"}
            method = "POST" if path in bodies else "GET"
            answer = front.client.request(method, path, headers=headers, json=bodies.get(path))
            assert answer.status_code == (200 if name == scope else 403), name


def test_unknown_paths_and_methods_are_problems_too(front: Front) -> None:
    for path in (
        f"/v1/{CANARY}",
        f"/{CANARY}?{CANARY}",
        "/v1/batch/x",
        "/v1//batch",
        "/%00",
        "/v1",
    ):
        answer = front.client.request("POST", path, headers=front.dpo, json={CANARY: CANARY})
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
        assert CANARY not in answer.text
    for template, operations in front.openapi["paths"].items():
        for method in {"get", "post", "put", "patch", "delete", "options"} - {*operations}:
            if method == "options" and template in ingest_paths(front):
                continue  # a browser may ask there
            answer = front.client.request(method, template, headers=front.dpo)
            assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
            assert answer.headers["allow"]


def ingest_paths(front: Front) -> set[str]:
    paths = front.openapi["paths"].items()
    return {
        path for path, operations in paths if "ingest" in operations.get("post", {}).get("tags", [])
    }


@pytest.mark.parametrize("case", [CANARY, "7", "6f0d9d1c", "%00", "null", "x" * 5000, "%ff", "{}"])
def test_a_case_that_cannot_be_is_refused(front: Front, case: str) -> None:
    for end in ("", "/result"):
        answer = front.client.get(f"/v1/rights/requests/{case}{end}", headers=front.dpo)
        assert answer.status_code == 422
        assert complaints(front, "/v1/rights/requests/{case}" + end, answer, "get") == ""


@pytest.mark.parametrize(
    "query",
    [f"from={CANARY}", "from=-1", "to=-1", "from=99999999999999999999", f"to={2**63}", "from=1e3",
     "from=", "from=%00", "from=NaN", f"from={'9' * 5000}", "from=0&from=x"],
)  # fmt: skip
def test_entries_out_of_all_range_are_refused(front: Front, query: str) -> None:
    answer = front.client.get(f"/v1/audit/entries?{query}", headers=front.dpo)
    assert answer.status_code == 422
    assert complaints(front, "/v1/audit/entries", answer, "get") == ""


@pytest.mark.parametrize(
    "query", ["from=100000000000000", "from=5&to=1", f"to=3&{CANARY}={CANARY}"]
)
def test_entries_that_are_not_there_are_none(front: Front, query: str) -> None:
    answer = front.client.get(f"/v1/audit/entries?{query}", headers=front.dpo)
    assert (answer.status_code, complaints(front, "/v1/audit/entries", answer, "get")) == (200, "")


@pytest.mark.parametrize("key", [CANARY, "%00", "%F0%9F%90%A6", "..", "x" * 5000])
def test_an_unknown_segment_is_404(front: Front, key: str) -> None:
    answer = front.client.get(f"/v1/segments/{key}", headers=front.dpo)
    assert answer.status_code == 404
    assert CANARY not in answer.text


# Neighbours in a batch


def hostile_items() -> Iterator[tuple[str, bytes]]:
    said = json.dumps(EVENT).encode()
    for strange in STRANGE:
        yield f"an item that is {str(strange)[:8]}", json.dumps(strange).encode()
    for name in ("type", "event", "userId", "properties", "context", "timestamp", "messageId"):
        for strange in (True, 2**70, [CANARY], {CANARY: 1}, CANARY * 30):
            yield f"{name} of another kind", json.dumps({**EVENT, name: strange}).encode()
    for when in ("0000-00-00", "9999-12-31T23:59:59Z", "1601-01-01T00:00:00Z", "\0", "1e9", "now"):
        yield f"at {when!r}", json.dumps({**EVENT, "timestamp": when}).encode()
    many = {f"{CANARY}-{number}": number for number in range(10_000)}
    yield "10 000 properties", json.dumps({**EVENT, "properties": many}).encode()
    yield "half a character", said.replace(b"cust-ada", b"\\ud800" + CANARY.encode())
    yield "no UTF-8", said.replace(b"cust-ada", b"\xff\xfe")
    yield "a NUL", said.replace(b"cust-ada", b"cust\\u0000ada")
    yield "a raw NUL", said.replace(b"cust-ada", b"cust\0ada")
    yield "deep", said.replace(b'"engine"', b"[" * 15_000 + b"]" * 15_000)
    yield "a number beyond any", said.replace(b"18.15", b"9" * 5_000)
    yield "a key twice", said.replace(b'"type"', b'"type": "x", "type"')


def test_whatever_an_item_is_its_neighbours_are_stored(front: Front) -> None:
    found = {}
    for number, (what, item) in enumerate(hostile_items()):
        one, two = ({**EVENT, "messageId": f"neighbour-{number}-{side}"} for side in "ab")
        body = b'{"batch": [' + b",".join(
            [json.dumps(one).encode(), item, json.dumps(two).encode()]
        )
        before = front.outcomes()
        answer = BATCH.send(front, body + b"]}")
        counted = front.counted(before)
        if answer.content != b'{"success":true}' or counted.get("stored", 0) < 2:
            found[number, what] = answer.status_code, counted
    assert found == {}


def test_no_canary_is_in_what_the_gateway_counts_or_says_about_itself(front: Front) -> None:
    shown = front.client.get("/metrics", headers=front.dpo).text
    shown += str(front.rows("select event, outcome from store.decision_count"))
    shown += str(front.rows("select event, property from store.dropped_count"))
    assert "canary" not in shown
