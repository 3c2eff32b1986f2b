"""A key service that fails, is slow or lies gives no value: every answer counts or is none."""

from __future__ import annotations

import contextlib
import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from pseudonymizer.errors import KeyUnavailable
from pseudonymizer.key_port import KeyProvider
from pseudonymizer.transit import TransitKeyProvider, client
from tests.support.deeds import DEEDS, body, dripping, silent, told
from tests.support.liar import Deed, Liar, in_front_of
from tests.support.transit import Mount

SECRET = b"k" * 32
DATA = b"user_id ada@example.org"


@pytest.fixture
def liar(mount: Mount) -> Iterator[Liar]:
    with in_front_of(mount.service.url) as liar:
        yield liar


@pytest.fixture
def provider(mount: Mount, liar: Liar) -> Iterator[TransitKeyProvider]:
    """Give the gateway's driver, of a service that is honest as yet, knowing the versions."""
    mount.made().close()
    with contextlib.closing(mount.open("gateway", at=liar.url)) as provider:
        know(provider)
        yield provider


def know(provider: TransitKeyProvider) -> None:
    provider.reload()
    for name in ("idx", "kek", "sign-receipt"):
        provider.versions(name)


def wrapped(mount: Mount) -> bytes:
    provider = mount.open()
    try:
        return provider.wrap("kek", 1, SECRET, b"row")
    finally:
        provider.close()


ASKED: dict[str, Callable[[KeyProvider, bytes], object]] = {
    "mac": lambda provider, _: provider.mac_many("idx", 1, [DATA, b"", b"x"]),
    "wrap": lambda provider, _: provider.wrap("kek", 1, SECRET, b"row"),
    "unwrap": lambda provider, blob: provider.unwrap("kek", 1, blob, b"row"),
    "rewrap": lambda provider, blob: provider.rewrap("kek", 1, blob, b"row"),
    "sign": lambda provider, _: provider.sign("sign-receipt", DATA),
    "versions": lambda provider, _: provider.versions("sup"),
    "check": lambda provider, _: provider.check(),
}


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS.keys())
def test_no_value_is_made_of_a_bad_answer(
    provider: TransitKeyProvider, mount: Mount, liar: Liar, deed: Deed
) -> None:
    blob = wrapped(mount)
    token = mount.token_file("gateway").read_text().strip()
    for ask in ASKED.values():
        liar.deed = deed
        with pytest.raises(KeyUnavailable) as failed:
            ask(provider, blob)
        for secret in (token, b64encode(SECRET).decode(), b64encode(DATA).decode(), "ada@"):
            assert secret not in told(failed.value)
        liar.deed = None
        ask(provider, blob)  # and it is there again
        know(provider)


@pytest.mark.parametrize("deed", [silent, dripping], ids=["silent", "dripping"])
def test_an_answer_that_takes_too_long_is_none(
    provider: TransitKeyProvider, liar: Liar, deed: Deed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "JOURNEY_S", 0.6)  # no test waits longer than it has to
    provider._client._http.timeout = httpx.Timeout(0.3)
    liar.deed = deed
    for name in ("mac", "wrap", "sign", "check"):
        began = time.monotonic()
        with pytest.raises(KeyUnavailable, match="too long"):
            ASKED[name](provider, b"")
        assert time.monotonic() - began < client.JOURNEY_S + 2


def test_a_journey_ends_before_the_patience_of_who_waits_for_it() -> None:
    from gateway.wiring import PATIENCE_S

    times = client.TIMES
    assert times.read is not None
    assert client.JOURNEY_S + times.read < PATIENCE_S


def results(change: Callable[[list[Any]], object]) -> Deed:
    """Change the results of a batch."""

    def changed(real: bytes) -> bytes:
        answer = json.loads(real)
        change(answer["data"]["batch_results"])
        return json.dumps(answer).encode()

    return body(changed)


MACS: dict[str, Deed] = {
    "one is missing": results(lambda found: found.pop()),
    "one too many": results(lambda found: found.append(found[0])),
    "one failed": results(lambda found: found.__setitem__(1, {"error": "no", "reference": ""})),
    "one is null": results(lambda found: found.__setitem__(1, None)),
    "one is a number": results(lambda found: found[0].update(hmac=7)),
    "one is short": results(lambda found: found[0].update(hmac="vault:v1:AAAA")),
    "one is long": results(lambda found: found[0].update(hmac="vault:v1:" + "A" * 88)),
    "one is no base64": results(lambda found: found[0].update(hmac="vault:v1:" + "!" * 44)),
    "one is not ASCII": results(lambda found: found[0].update(hmac="vault:v1:" + "é" * 44)),
    "one is of version 2": body(lambda real: real.replace(b"vault:v1:", b"vault:v2:", 1)),
    "one is of version 01": body(lambda real: real.replace(b"vault:v1:", b"vault:v01:", 1)),
    "one has no version": body(lambda real: real.replace(b"vault:v1:", b"", 1)),
}


@pytest.mark.parametrize("deed", MACS.values(), ids=MACS.keys())
def test_a_batch_with_one_bad_mac_has_none(
    provider: TransitKeyProvider, liar: Liar, deed: Deed
) -> None:
    liar.deed = deed
    with pytest.raises(KeyUnavailable):
        provider.mac_many("idx", 1, [DATA, b"", b"x"])


@pytest.mark.parametrize("name", ["wrap", "rewrap", "sign"])
def test_a_value_by_another_version_than_asked_for_counts_as_none(
    provider: TransitKeyProvider, mount: Mount, liar: Liar, name: str
) -> None:
    blob = wrapped(mount)
    liar.deed = body(lambda real: real.replace(b"vault:v1:", b"vault:v2:"))
    with pytest.raises(KeyUnavailable, match="another version"):
        ASKED[name](provider, blob)


def changed(member: str, value: str) -> Deed:
    def change(real: bytes) -> bytes:
        answer = json.loads(real)
        answer["data"][member] = value
        return json.dumps(answer).encode()

    return body(change)


def test_a_key_that_opens_to_another_length_counts_as_none(
    provider: TransitKeyProvider, mount: Mount, liar: Liar
) -> None:
    blob = wrapped(mount)
    liar.deed = changed("plaintext", b64encode(b"k" * 31).decode())
    with pytest.raises(KeyUnavailable, match="length"):
        provider.unwrap("kek", 1, blob, b"row")


def test_a_signature_that_does_not_hold_counts_as_none(
    provider: TransitKeyProvider, liar: Liar
) -> None:
    liar.deed = changed("signature", "vault:v1:" + b64encode(b"s" * 64).decode())
    with pytest.raises(KeyUnavailable, match="does not hold"):
        provider.sign("sign-receipt", DATA)


def test_nobody_is_followed_elsewhere(
    provider: TransitKeyProvider, mount: Mount, liar: Liar
) -> None:
    blob = wrapped(mount)
    with in_front_of(mount.service.url) as elsewhere:
        for code in (301, 302, 303, 307, 308):
            liar.deed = lambda handler, _s, _b, code=code: handler.answer(  # type: ignore[misc]
                code, b"", location=elsewhere.url + handler.path
            )
            for ask in ASKED.values():
                with pytest.raises(KeyUnavailable, match=str(code)):
                    ask(provider, blob)
        assert elsewhere.asked == []


def test_the_environment_names_no_proxy_to_us(
    mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_front_of(mount.service.url) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        opened = mount.made()
        assert opened.versions("idx").primary == 1
        opened.close()
        assert proxy.asked == []


def test_a_service_that_is_not_there_is_away(mount: Mount) -> None:
    with in_front_of(mount.service.url) as gone:
        opened = mount.open("gateway", at=gone.url)
    with pytest.raises(KeyUnavailable, match="cannot be reached"):
        opened.check()
    opened.close()


def test_a_batch_is_one_journey(provider: TransitKeyProvider, liar: Liar) -> None:
    before = len(liar.asked)
    provider.mac_many("idx", 1, [DATA] * 480)
    assert [path.rpartition("/hmac/")[2] for _, path, _ in liar.asked[before:]] == ["idx"]
    macs = provider.mac_many("idx", 1, [b"%d" % number for number in range(1000)])
    assert len(liar.asked) - before == 4, "as many as the service takes at once"
    assert macs[999] == provider.mac("idx", 1, b"999")
    assert len(set(macs)) == 1000


def test_nothing_to_compute_is_no_journey(provider: TransitKeyProvider, liar: Liar) -> None:
    before = len(liar.asked)
    assert provider.mac_many("idx", 1, []) == []
    assert len(liar.asked) == before


# -- changes --------------------------------------------------------------------------------------


@pytest.fixture
def operator(mount: Mount, liar: Liar) -> Iterator[TransitKeyProvider]:
    mount.made().close()
    with contextlib.closing(mount.open("operator", at=liar.url)) as provider:
        yield provider


def test_a_version_that_was_not_made_is_not_believed(
    operator: TransitKeyProvider, liar: Liar
) -> None:
    liar.swallows = "/rotate"
    with pytest.raises(KeyUnavailable, match="made no version"):
        operator.new_version("idx")


@pytest.mark.parametrize("step", ["/config", "/trim"])
def test_a_destruction_that_did_not_happen_is_not_believed(
    operator: TransitKeyProvider, liar: Liar, step: str
) -> None:
    operator.new_version("kek")
    liar.swallows = step
    with pytest.raises(KeyUnavailable):
        operator.destroy_version("kek", 1)
    liar.swallows = ""
    operator.destroy_version("kek", 1)
    assert operator.versions("kek").live == (2,)


@pytest.mark.parametrize("code", [307, 400, 403, 404, 500, 503])
def test_a_change_that_is_refused_is_said_to_be(
    operator: TransitKeyProvider, liar: Liar, code: int
) -> None:
    liar.deed = lambda handler, real, found: handler.answer(
        code if handler.command == "POST" else real, found
    )
    for change in (
        lambda: operator.new_version("idx"),
        lambda: operator.new_version("rec:letterhouse"),
        operator.make_missing,
    ):
        with pytest.raises(KeyUnavailable):
            change()


def test_a_signer_without_its_newest_public_key_signs_nothing(
    provider: TransitKeyProvider, liar: Liar
) -> None:
    liar.deed = body(lambda real: real.replace(b'"keys":{"1":', b'"keys":{"2":'))
    with pytest.raises(KeyUnavailable, match="no public key"):
        provider.public_keys()
    provider.reload()
    with pytest.raises(KeyUnavailable, match="no public key"):
        provider.sign("sign-audit", DATA)
