"""User agents become words of a closed list."""

from __future__ import annotations

import re

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pseudonymizer.user_agents import user_agent

MOZILLA = "Mozilla/5.0"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
SEEN = re.compile(r"[a-z ]+(?: \d{1,3})? / [a-z]+ / [a-z]+")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/126.0.0.0 Safari/537.36",
         "chrome 126 / windows / desktop"),
        (f"{MOZILLA} (Windows NT 10.0) {WEBKIT} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.68",
         "edge 126 / windows / desktop"),
        (f"{MOZILLA} (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
         "firefox 127 / linux / desktop"),
        ((f"{MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
         " Version/17.5 Safari/605.1.15"), "safari 17 / macos / desktop"),
        ((f"{MOZILLA} (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
         " Gecko) Version/17.5 Mobile/15E148 Safari/604.1"), "safari 17 / ios / mobile"),
        ((f"{MOZILLA} (iPad; CPU OS 16_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
         " CriOS/126.0 Mobile/15E148 Safari/604.1"), "chrome 126 / ios / tablet"),
        ((f"{MOZILLA} (Linux; Android 14; SM-S918B) {WEBKIT} SamsungBrowser/25.0 Chrome/121.0"
         " Mobile Safari/537.36"), "samsung internet 25 / android / mobile"),
        (f"{MOZILLA} (Linux; Android 13; SM-X906) {WEBKIT} Chrome/126.0 Safari/537.36",
         "chrome 126 / android / tablet"),
        (f"{MOZILLA} (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/126.0.0.0 Safari/537.36",
         "chrome 126 / chromeos / desktop"),
        (f"{MOZILLA} (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
         "internet explorer 11 / windows / desktop"),
        (f"{MOZILLA} (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
         "bot / other / bot"),
        ("python-requests/2.32", "bot / other / bot"),
        ("ada.lovelace@example.org", "other / other / other"),
        ("", "other / other / other"),
    ],
)  # fmt: skip
def test_an_agent_is_reduced_to_family_system_and_class(text: str, left: str) -> None:
    assert user_agent(text) == left


@given(text=st.text(max_size=300), family=st.sampled_from(["Chrome/", "Version/", "FBAV/", ""]))
def test_any_text_leaves_words_of_the_list(text: str, family: str) -> None:
    assert SEEN.fullmatch(user_agent(text + family + text))
