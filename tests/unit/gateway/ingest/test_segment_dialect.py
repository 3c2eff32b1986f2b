"""What the Segment dialect says, and what it cannot say without losing its neighbours."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BodyInvalid, BodyTooLarge
from gateway.ingest.dialects import segment
from gateway.ingest.dialects.context import Context
from gateway.ingest.openapi import INGEST_PATHS

NOW_US = 1_782_043_200_000_000


def batch(*items: Any, **outer: Any) -> bytes:
    return json.dumps({"batch": list(items), **outer}).encode()


def track(**members: Any) -> dict[str, Any]:
    return {"type": "track", "userId": "u1", "event": "Product Viewed", **members}


def test_every_member_that_is_read_is_documented() -> None:
    body = INGEST_PATHS["/v1/track"]["post"]["requestBody"]["content"]["application/json"]
    event = body["schema"]["properties"]
    assert set(event) == {*segment.Item.__struct_fields__, "writeKey"}
    assert set(event["context"]["properties"]) == set(Context.__struct_fields__)


@pytest.mark.parametrize(("letter", "kind"), [("t", "track"), ("p", "page"), ("s", "screen")])
def test_one_letter_paths_mean_their_word(letter: str, kind: str) -> None:
    decoded = segment.decode(letter, b'{"userId": "u1", "event": "x"}', NOW_US)
    assert [event.kind for event in decoded.events] == [kind]


def test_null_members_are_absent_members() -> None:
    body = b'{"userId": null, "anonymousId": "a1", "event": "x", "messageId": null}'
    event = segment.decode("track", body, NOW_US).events[0]
    assert event.identifiers == (("anonymous_id", "a1"),)
    assert event.message_id is None


def test_the_user_id_names_the_subject_and_an_anonymous_id_does_not_link_by_itself() -> None:
    body = json.dumps(track(anonymousId="a1")).encode()
    event = segment.decode("track", body, NOW_US).events[0]
    assert event.identifiers == (("user_id", "u1"),)
    assert event.links == ()


def test_identify_asserts_all_its_identifiers_to_be_one_person() -> None:
    item = {
        "type": "identify",
        "userId": 7,
        "anonymousId": "a1",
        "traits": {"email": "a@b.example"},
    }
    event = segment.decode("batch", batch(item), NOW_US).events[0]
    assert event.links == (("user_id", "7"), ("anonymous_id", "a1"), ("email", "a@b.example"))


def test_every_name_of_the_sender_is_known_though_one_is_looked_up() -> None:
    body = json.dumps(track(anonymousId="a1", groupId={"odd": 1}, previousId=7)).encode()
    event = segment.decode("track", body, NOW_US).events[0]
    assert event.identifiers == (("user_id", "u1"),)
    assert event.also == ("a1", "7")


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b"[]", b'"x"', b"\xff\xfe", b"[" * 9000])
def test_what_is_no_json_object_is_refused_whole(body: bytes) -> None:
    for call in ("track", "batch"):
        with pytest.raises(BodyInvalid):
            segment.decode(call, body, NOW_US)


def test_a_wrong_member_of_a_single_call_is_counted_not_failed() -> None:
    decoded = segment.decode("track", b'{"userId": {"a": 1}, "event": "x"}', NOW_US)
    assert decoded.refused == {"event-invalid": 1}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (7, "event-invalid"),
        (None, "event-invalid"),
        ({"type": "track", "event": 5, "userId": "u"}, "event-invalid"),
        ({"type": "nonsense", "userId": "u"}, "type-unknown"),
        ({"userId": "u", "event": "x"}, "type-unknown"),
        ({"type": "track", "event": "x"}, "identifier-missing"),
        (track(timestamp="yesterday"), "time-invalid"),
        (track(messageId="m" * 300), "event-invalid"),
        (track(properties={"a": "x" * 40_000}), "too-large"),
    ],
)
def test_a_bad_item_is_one_refusal_and_its_neighbours_live(bad: Any, reason: str) -> None:
    decoded = segment.decode("batch", batch(track(), bad, track()), NOW_US)
    assert len(decoded.events) == 2
    assert decoded.refused == {reason: 1}


def test_a_lone_surrogate_costs_its_own_event_only() -> None:
    body = b'{"batch": [%s, %s]}' % (
        json.dumps(track()).encode(),
        b'{"type":"track","userId":"u","event":"\\ud800"}',
    )
    decoded = segment.decode("batch", body, NOW_US)
    assert (len(decoded.events), decoded.refused) == (1, {"event-invalid": 1})


@pytest.mark.parametrize(
    "poison",
    [
        b'{"type":"track","userId":"u","event":"\xff\xfe"}',
        b'{"type":"track","userId":"u","event":' + b"[" * 3000 + b"]" * 3000 + b"}",
        b'{"type":"track","userId":"u","event":NaN}',
        b'{"type":"track","userId":"u","event":"a, ] } \\" b","properties":{"x":\x01}}',
        b"{]",
    ],
)
def test_an_item_no_decoder_reads_costs_itself_only(poison: bytes) -> None:
    sound = json.dumps(track()).encode()
    body = b'{"sentAt": null, "batch": [%s, %s, %s]}' % (sound, poison, sound)
    decoded = segment.decode("batch", body, NOW_US)
    assert (len(decoded.events), decoded.refused) == (2, {"event-invalid": 1})


@pytest.mark.parametrize("name", [b'"batch"', rb'"\u0062atch"'])
@pytest.mark.parametrize("second", [b"[%s]", b"null", b"7"])
def test_a_second_batch_is_never_left_out_without_a_word(name: bytes, second: bytes) -> None:
    sound = json.dumps(track()).encode()
    other = second.replace(b"%s", sound)
    body = b'{"batch": [%s, {"a": NaN}], "context": {"batch": []}, %s: %s}' % (sound, name, other)
    with pytest.raises(BodyInvalid):
        segment.decode("batch", body, NOW_US)


def test_a_batch_in_the_context_is_no_second_batch() -> None:
    sound = json.dumps(track()).encode()
    body = b'{"batch": [%s, {"a": NaN}], "context": {"batch": [1]}, "x": {"batch": []}}' % sound
    decoded = segment.decode("batch", body, NOW_US)
    assert (len(decoded.events), decoded.refused) == (1, {"event-invalid": 1})


def test_limits_are_the_documented_ones() -> None:
    with pytest.raises(BodyTooLarge):
        segment.decode("track", json.dumps(track(x="y" * 32_768)).encode(), NOW_US)
    with pytest.raises(BodyTooLarge):
        segment.decode("batch", b"x" * (500 * 1024 + 1), NOW_US)
    decoded = segment.decode("batch", batch(*({} for _ in range(2_501))), NOW_US)
    assert decoded.refused == {"batch-too-long": 2_501}


def test_consent_of_the_batch_and_of_the_item_must_both_say_yes() -> None:
    inner = {"consent": {"categoryPreferences": {"analytics": True, "marketing": True}}}
    outer = {"consent": {"categoryPreferences": {"analytics": True, "marketing": False}}}
    decoded = segment.decode("batch", batch(track(context=inner), context=outer), NOW_US)
    assert decoded.events[0].categories == {"analytics": True, "marketing": False}


@pytest.mark.parametrize(
    "consent",
    [{}, {"categoryPreferences": {}}, {"categoryPreferences": {"a": "yes"}}, "yes", 1, []],
)
def test_a_consent_object_that_says_nothing_sound_grants_nothing(consent: Any) -> None:
    event = segment.decode("batch", batch(track(context={"consent": consent})), NOW_US).events[0]
    assert event.categories == {}


def test_the_clock_of_the_sender_is_corrected() -> None:
    item = track(timestamp="2020-01-01T00:00:00Z")
    decoded = segment.decode("batch", batch(item, sentAt="2020-01-01T00:00:10Z"), NOW_US)
    assert decoded.events[0].at_us == NOW_US - 10_000_000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "userId",
                    "event",
                    "context",
                    "consent",
                    "batch",
                    "timestamp",
                    "traits",
                    "x",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(document=JSON, call=st.sampled_from(sorted(segment.KINDS) + sorted(segment.BATCHES)))
def test_any_json_is_decoded_counted_or_refused_by_name(document: Any, call: str) -> None:
    with contextlib.suppress(BodyInvalid, BodyTooLarge):
        segment.decode(call, json.dumps(document).encode(), NOW_US)


@given(body=st.binary(max_size=200))
def test_any_bytes_are_refused_by_name(body: bytes) -> None:
    for call in ("track", "batch"):
        with contextlib.suppress(BodyInvalid, BodyTooLarge):
            segment.decode(call, body, NOW_US)
