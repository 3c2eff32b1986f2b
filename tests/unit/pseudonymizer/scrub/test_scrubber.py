"""What the scrubber leaves of a text, and that it fails closed."""

from __future__ import annotations

import logging
import time

import pytest
from presidio_analyzer import RecognizerResult

from pseudonymizer.scrub import engine as engine_module
from pseudonymizer.scrub import prefilter as prefilter_module
from pseudonymizer.scrub.closer_look import _findings
from pseudonymizer.scrub.engine import MAX_CHARS, Scrubber
from pseudonymizer.scrub.errors import FastScrubbingMissing
from pseudonymizer.scrub.own import own_names

UNREADABLE = ("<UNREADABLE>", ("UNREADABLE",))

LEFT = {
    "écrire à ada@example.org svp": "écrire à <EMAIL_ADDRESS> svp",
    "ADA@EXAMPLE.ORG ou 06 12 34 56 78": "<EMAIL_ADDRESS> ou <PHONE_NUMBER>",
    "new domain ada@example.zzzz": "new domain <EMAIL_ADDRESS>",
    "+33612345678": "<PHONE_NUMBER>",
    "iban fr76 3000 6000 0112 3456 7890 189": "iban <IBAN_CODE>",
    "carte 4111-1111-1111-1111 merci": "carte <CREDIT_CARD> merci",
    "vu depuis 192.0.2.17": "vu depuis <IP_ADDRESS>",
    "vu depuis 2001:db8::8a2e:370:7334": "vu depuis <IP_ADDRESS>",
    "appareil 00:1A:2B:3C:4D:5E": "appareil <MAC_ADDRESS>",
    "garé AB-123-CD": "garé <FR_PLATE>",
    "plaque AB 123 CD": "plaque <FR_PLATE>",
}
CLEAN = (
    "",
    "robe longue été 2024",
    "Prix : 1 299,00 €\u202f!",
    "std::vector",
    "de 100 ml",
    "taille 38-40, réf. 4021",
    "4111-1111-1111-1112",  # a card number whose check digit is wrong
    "mesurer 120x60x75 cm",
    "AU-123-CD",  # no plate holds a U
    "l\u2019œuf à la coque",
)


@pytest.mark.parametrize(("text", "left"), LEFT.items())
def test_what_is_found_is_replaced_where_it_stood(
    text: str, left: str, scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    assert scrubber.scrub(text).text == left
    assert plain_scrubber.scrub(text).text == left


@pytest.mark.parametrize("text", CLEAN)
def test_a_text_about_nobody_stays_as_it_is(
    text: str, scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    assert scrubber.scrub(text) == (text, ())
    assert plain_scrubber.scrub(text) == (text, ())


def test_a_social_security_number_takes_its_whole_text_along(scrubber: Scrubber) -> None:
    assert scrubber.scrub("n° 1 85 05 78 006 084 91, merci").text == "<FR_NIR>"


def test_a_number_with_a_wrong_key_is_no_social_security_number(scrubber: Scrubber) -> None:
    assert "FR_NIR" not in scrubber.kinds_in("n° 1 85 05 78 006 084 92, merci")


def test_a_social_security_number_is_never_only_a_part_of_something_surer() -> None:
    whole, part = (
        RecognizerResult("IBAN_CODE", 0, 30, 1.0),
        RecognizerResult("FR_NIR", 5, 20, 1.0),
    )
    assert [found.kind for found in _findings("x" * 30, [whole, part])] == ["IBAN_CODE", "FR_NIR"]
    part = RecognizerResult("CREDIT_CARD", 5, 20, 1.0)
    assert [found.kind for found in _findings("x" * 30, [whole, part])] == ["IBAN_CODE"]


def test_a_text_that_names_its_own_subject_is_dropped(scrubber: Scrubber) -> None:
    texts = ["carte de Lovelace-1815", "carte%20de%20l%6fvelace-1815", "42 robes", "rien"]
    own = [own_names([name]) for name in ("lovelace-1815", "lovelace-1815", "42", "lovelace-1815")]
    left = [result.text for result in scrubber.scrub_many(texts, own=own)]
    assert left == ["<IDENTIFIER>", "<IDENTIFIER>", "42 robes", "rien"]


@pytest.mark.parametrize(
    "text",
    [
        "ada@example.org, YWRhQGV4YW1wbGUub3Jn",
        "ada@example.org / ada%40example.org",
        "06 12 34 56 78 ou 30363132333435363738",
    ],
)
def test_a_value_written_twice_does_not_hide_behind_its_clear_self(
    text: str, scrubber: Scrubber
) -> None:
    left = scrubber.scrub(text).text
    assert left in {"<EMAIL_ADDRESS>", "<PHONE_NUMBER>"}


@pytest.mark.parametrize("text", ["x" * (MAX_CHARS + 1), "a\x00b", "a\ud800b"])
def test_what_cannot_be_read_or_stored_is_dropped(
    text: str, scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    assert scrubber.scrub(text) == UNREADABLE
    assert plain_scrubber.scrub(text) == UNREADABLE


def test_neighbours_of_an_unreadable_text_are_kept(scrubber: Scrubber) -> None:
    left = scrubber.scrub_many(["robe", "\ud800", "chapeau"])
    assert [result.text for result in left] == ["robe", "<UNREADABLE>", "chapeau"]


def test_a_text_whose_closer_look_breaks_is_dropped() -> None:
    scrubber = Scrubber().warm()
    engines = scrubber._ready()
    scrubber._engines = engines._replace(closer_look=_Broken())  # type: ignore[arg-type]
    left = scrubber.scrub_many(["robe", "ada@example.org"])
    assert [result.text for result in left] == ["robe", "<UNREADABLE>"]


class _Broken:
    def find(self, _text: str, _bits: int) -> tuple[()]:
        raise RuntimeError("out of memory")


def test_a_batch_that_takes_too_long_loses_what_was_not_looked_at(
    monkeypatch: pytest.MonkeyPatch, scrubber: Scrubber
) -> None:
    monkeypatch.setattr(engine_module, "BATCH_SECONDS", -1.0)
    left = scrubber.scrub_many(["robe", "quelqu'un: joan@example.org"])
    assert [result.text for result in left] == ["robe", "<UNREADABLE>"]


def test_without_hyperscan_a_slow_batch_loses_what_was_not_looked_at(
    monkeypatch: pytest.MonkeyPatch, plain_scrubber: Scrubber
) -> None:
    monkeypatch.setattr(prefilter_module, "_SECONDS", -1.0)
    assert plain_scrubber.scrub("robe") == UNREADABLE


def test_the_worst_text_is_bounded_in_time(scrubber: Scrubber) -> None:
    worst = ("a!" * MAX_CHARS)[: MAX_CHARS - 16] + " ada@example.org"
    began = time.thread_time()
    assert scrubber.scrub(worst).kinds
    assert time.thread_time() - began < 5


def test_nothing_is_logged_about_what_was_read(
    caplog: pytest.LogCaptureFixture, scrubber: Scrubber
) -> None:
    caplog.set_level(logging.DEBUG)
    scrubber.forget()
    scrubber.scrub_many(["courriel ada@example.org", "gb82we\u017ft12345698765432"])
    scrubber.naive_findings("courriel ada@example.org")
    assert caplog.records == []


def test_memory_holds_no_text_that_came_in(scrubber: Scrubber) -> None:
    scrubber.forget()
    scrubber.scrub_many(["courriel ada@example.org", "10%20 robes", "10%20 robes"])
    held = repr([scrubber._memory._young, scrubber._memory._old])
    assert "ada" not in held
    assert "robes" not in held
    assert scrubber.scrub("10%20 robes").text == "10%20 robes"


def test_the_fast_engine_is_refused_clearly_where_it_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(FastScrubbingMissing, match="not installed"):
        Scrubber(fast=True).warm()
