"""AWS KMS that fails, is slow or lies gives no value: every answer counts or is none."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha512
from typing import Any

import pytest

from pseudonymizer.errors import KeyServiceInvalid, KeyUnavailable
from pseudonymizer.key_service import ServiceKeys
from tests.support.deeds import DEEDS, body, dripping, silent, status, told
from tests.support.kms import Kms, KmsKeys
from tests.support.liar import Deed, Handler, Liar, in_front_of

SECRET = b"k" * 32
DATA = b"user_id ada@example.org"

# AWS's SDK reads an answer that is packed, as the standard has it; that one is no lie here.
BAD = {name: deed for name, deed in DEEDS.items() if name != "packed"}


@pytest.fixture(scope="module")
def world(kms_server: Kms) -> Iterator[tuple[Liar, ServiceKeys]]:
    """One installation for those tests that change nothing in it."""
    keys = kms_server.keys()
    keys.made().close()
    with (
        in_front_of(kms_server.url) as liar,
        contextlib.closing(keys.open(at=liar.url)) as provider,
    ):
        yield liar, provider


@pytest.fixture
def liar(world: tuple[Liar, ServiceKeys]) -> Liar:
    """Give who stands in front of the service, honest as yet."""
    world[0].deed, world[0].swallows = None, ""
    return world[0]


@pytest.fixture
def provider(liar: Liar, world: tuple[Liar, ServiceKeys]) -> ServiceKeys:
    """Give the driver, knowing the versions."""
    del liar
    know(world[1])
    return world[1]


@pytest.fixture
def fresh(kms: KmsKeys, liar: Liar) -> Iterator[ServiceKeys]:
    """Give the driver of an installation that may be changed."""
    with contextlib.closing(kms.open(at=liar.url)) as provider:
        provider.make_missing()
        yield provider


def know(provider: ServiceKeys) -> None:
    provider.reload()
    for name in ("idx", "kek", "sign-receipt"):
        provider.versions(name)


ASKED: dict[str, Callable[[ServiceKeys, bytes], object]] = {
    "mac": lambda provider, _: provider.mac_many("idx", 1, [DATA, b"", b"x"]),
    "wrap": lambda provider, _: provider.wrap("kek", 1, SECRET, b"row"),
    "unwrap": lambda provider, blob: provider.unwrap("kek", 1, blob, b"row"),
    "rewrap": lambda provider, blob: provider.rewrap("kek", 1, blob, b"row"),
    "sign": lambda provider, _: provider.sign("sign-receipt", DATA),
    "versions": lambda provider, _: provider.versions("sup"),
    "check": lambda provider, _: provider.check(),
}


@pytest.mark.parametrize("deed", BAD.values(), ids=BAD.keys())
def test_no_value_is_made_of_a_bad_answer(provider: ServiceKeys, liar: Liar, deed: Deed) -> None:
    blob = provider.wrap("kek", 1, SECRET, b"row")
    for ask in ASKED.values():
        liar.deed = deed
        with pytest.raises(KeyUnavailable) as failed:
            ask(provider, blob)
        shown = told(failed.value)
        for secret in (SECRET, DATA, sha512(DATA).digest()):
            assert b64encode(secret).decode() not in shown
            assert repr(secret) not in shown
        assert "lovelace" not in shown
        liar.deed = None
        ask(provider, blob)  # and it is there again
        know(provider)


def refused(code: str) -> Deed:
    said = json.dumps({"__type": code, "message": "ada@example.org may not"}).encode()
    return status(400, said)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDeniedException", "right policy"),
        ("ThrottlingException", "quota"),
        ("ExpiredTokenException", "in force"),
        ("UnrecognizedClientException", "in force"),
        ("KMSInternalException", "not itself"),
        ("DependencyTimeoutException", "not itself"),
        ("KMSInvalidStateException", "refuses to compute"),
        ("NotFoundException", "refuses to compute"),
        ("NobodyKnowsException", "not itself"),
    ],
)
def test_what_aws_says_of_a_failure_goes_no_further(
    provider: ServiceKeys, liar: Liar, code: str, said: str
) -> None:
    deeds = [refused(code)]

    def once(handler: Handler, real: int, found: bytes) -> None:
        if deeds:
            deeds.pop()(handler, real, found)
        else:
            handler.answer(real, found)

    liar.deed = once
    with pytest.raises(KeyUnavailable, match=said) as failed:
        provider.wrap("kek", 1, SECRET, b"row")
    assert "example.org" not in told(failed.value)


@pytest.mark.parametrize("deed", [silent, dripping], ids=["silent", "dripping"])
def test_an_answer_that_takes_too_long_is_none(
    provider: ServiceKeys, liar: Liar, deed: Deed, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = provider._service._client._calls  # type: ignore[attr-defined]
    monkeypatch.setattr(calls, "patience_s", 0.5)  # no test waits longer than it has to
    liar.deed = deed
    for name in ("mac", "wrap", "sign", "check"):
        began = time.monotonic()
        with pytest.raises(KeyUnavailable, match="too long"):
            ASKED[name](provider, b"")
        assert time.monotonic() - began < 2
    liar.over.set()  # those who still answer need not
    liar.over = threading.Event()


def test_nothing_is_repeated_behind_the_caller_s_back(provider: ServiceKeys, liar: Liar) -> None:
    for code in (429, 500, 503):
        liar.deed = status(code)
        before = len(liar.asked)
        with pytest.raises(KeyUnavailable):
            provider.wrap("kek", 1, SECRET, b"row")
        assert len(liar.asked) - before == 1


def test_a_wait_ends_before_the_patience_of_who_waits() -> None:
    from gateway.wiring import PATIENCE_S
    from pseudonymizer.hsm import session
    from pseudonymizer.kms import client

    assert max(client.PATIENCE_S, session.PATIENCE_S) * 2 < PATIENCE_S


def changed(**members: Any) -> Deed:
    """Change members of an answer; ``None`` leaves one out."""

    def change(real: bytes) -> bytes:
        answer = json.loads(real) | members
        return json.dumps({name: one for name, one in answer.items() if one is not None}).encode()

    return body(change)


def base64(raw: bytes) -> str:
    return b64encode(raw).decode()


LIES: dict[str, dict[str, Any]] = {
    "another key": {"KeyId": "arn:aws:kms:eu-west-3:1815:key/another"},
    "no key": {"KeyId": None},
    "a key that is a number": {"KeyId": 7},
    "another source": {"SourceKeyId": "another"},
    "no mac": {"Mac": None},
    "a short mac": {"Mac": base64(b"m" * 31)},
    "a long mac": {"Mac": base64(b"m" * 33)},
    "an empty mac": {"Mac": ""},
    "no ciphertext": {"CiphertextBlob": None},
    "a short ciphertext": {"CiphertextBlob": base64(b"c" * 27)},
    "another plaintext": {"Plaintext": base64(b"p" * 48)},
    "an empty plaintext": {"Plaintext": ""},
    "no signature": {"Signature": None},
    "a short signature": {"Signature": base64(b"s" * 63)},
    "another signature": {"Signature": base64(b"s" * 64)},
}
ABOUT = {"Mac": "mac", "Plaintext": "unwrap", "Signature": "sign", "SourceKeyId": "rewrap"}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_an_answer_to_another_question_counts_as_none(
    provider: ServiceKeys, liar: Liar, lie: dict[str, Any]
) -> None:
    blob = provider.wrap("kek", 1, SECRET, b"row")
    asked = {"CiphertextBlob": ["wrap", "rewrap"], "KeyId": ["mac", "wrap", "unwrap", "sign"]}
    (member,) = lie
    liar.deed = changed(**lie)
    for name in asked.get(member) or [ABOUT[member]]:
        with pytest.raises(KeyUnavailable):
            ASKED[name](provider, blob)


def test_what_was_sealed_for_another_row_is_not_taken(provider: ServiceKeys, liar: Liar) -> None:
    """A service that mixes two answers up would hand one person's key to another."""
    blobs = [provider.wrap("kek", 1, bytes([n]) * 32, b"row %d" % n) for n in (1, 2)]
    answers: list[bytes] = []
    liar.deed = lambda handler, code, real: (answers.append(real), handler.answer(code, real))[1]
    assert provider.unwrap("kek", 1, blobs[0], b"row 1") == bytes([1]) * 32
    liar.deed = lambda handler, code, _real: handler.answer(code, answers[0])
    with pytest.raises(KeyUnavailable, match="something else"):
        provider.unwrap("kek", 1, blobs[1], b"row 2")


def metadata(**members: Any) -> Deed:
    def change(real: bytes) -> bytes:
        answer = json.loads(real)
        if "KeyMetadata" in answer:
            answer["KeyMetadata"] |= members
        return json.dumps(answer).encode()

    return body(change)


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"MultiRegion": True}, KeyServiceInvalid),
        ({"Origin": "EXTERNAL"}, KeyServiceInvalid),
        ({"Description": "another/sup/1"}, KeyServiceInvalid),
        ({"KeyId": "another"}, KeyUnavailable),
        ({"KeyState": "Creating"}, KeyUnavailable),
        ({"KeyState": 7}, KeyUnavailable),
    ],
)
def test_what_is_said_of_a_key_is_held_against_what_it_must_be(
    provider: ServiceKeys, liar: Liar, members: dict[str, Any], error: type[Exception]
) -> None:
    liar.deed = metadata(**members)
    with pytest.raises(error):
        provider.mac("sup", 1, DATA)


def test_a_list_without_an_end_is_none(provider: ServiceKeys, liar: Liar) -> None:
    liar.deed = changed(Truncated=True, NextMarker="again")
    with pytest.raises(KeyUnavailable, match="no end"):
        provider.versions("sup")


def test_a_service_that_is_not_there_is_away(kms: KmsKeys) -> None:
    with in_front_of(kms.kms.url) as gone:
        opened = kms.open(at=gone.url)
    with contextlib.closing(opened), pytest.raises(KeyUnavailable, match="cannot be reached"):
        opened.check()


def test_nothing_to_compute_is_no_journey(provider: ServiceKeys, liar: Liar) -> None:
    before = len(liar.asked)
    assert provider.mac_many("idx", 1, []) == []
    assert len(liar.asked) == before


def test_many_values_are_asked_for_at_once_and_keep_their_order(
    provider: ServiceKeys, liar: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider._service._client._calls, "patience_s", 30)  # type: ignore[attr-defined]
    at_once = [0, 0]  # now, and at most

    def slowly(handler: Handler, code: int, real: bytes) -> None:
        at_once[0] += 1
        at_once[1] = max(at_once)
        time.sleep(0.1)
        at_once[0] -= 1
        handler.answer(code, real)

    liar.deed = slowly
    macs = provider.mac_many("idx", 1, [b"%d" % number for number in range(8)])
    assert len(set(macs)) == 8
    assert macs[7] == provider.mac("idx", 1, b"7")
    assert at_once[1] > 1


# -- changes --------------------------------------------------------------------------------------


def test_a_version_that_was_not_made_is_not_believed(
    fresh: ServiceKeys, liar: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pseudonymizer.kms import service

    monkeypatch.setattr(service, "SETTLES_S", 0.1)
    for operation in ("CreateKey", "CreateAlias"):
        liar.swallows = operation
        with pytest.raises(KeyUnavailable):
            fresh.new_version("idx")
    liar.swallows = ""
    fresh.reload()
    assert fresh.versions("idx").live == (1,)


def test_a_destruction_that_did_not_happen_is_not_believed(fresh: ServiceKeys, liar: Liar) -> None:
    fresh.new_version("kek")
    liar.swallows = "ScheduleKeyDeletion"
    with pytest.raises(KeyUnavailable, match="kept the version"):
        fresh.destroy_version("kek", 1)
    liar.swallows = ""
    fresh.destroy_version("kek", 1)
    assert fresh.versions("kek").live == (2,)


@pytest.mark.parametrize("code", [307, 400, 403, 404, 500, 503])
def test_a_change_that_is_refused_is_said_to_be(fresh: ServiceKeys, liar: Liar, code: int) -> None:
    fresh.new_version("kek")
    changes = {"CreateKey", "ScheduleKeyDeletion", "CreateAlias"}

    def refuse(handler: Any, real: int, found: bytes) -> None:
        asked = handler.headers.get("x-amz-target", "").rpartition(".")[2]
        handler.answer(code if asked in changes else real, found)

    liar.deed = refuse
    for change in (
        lambda: fresh.new_version("idx"),
        lambda: fresh.new_version("rec:letterhouse"),
        lambda: fresh.destroy_version("kek", 1),
    ):
        with pytest.raises(KeyUnavailable):
            change()
