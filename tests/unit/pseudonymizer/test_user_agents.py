"""User agents become words of a closed list."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given
from ua_parser import BasicResolver, Domain, load_lazy_builtins

from pseudonymizer.user_agents import _FAMILIES, _SYSTEMS, resolver, user_agent

LINES = (
    (Path(__file__).parents[2] / "vectors" / "user_agents.tsv")
    .read_text(encoding="utf-8")
    .splitlines()
)
FROZEN = [(line.partition("\t")[2], line.partition("\t")[0]) for line in LINES]
FAMILIES = {*_FAMILIES.values(), "bot", "other"}
SYSTEMS = {*_SYSTEMS.values(), "other"}
CLASSES = {"desktop", "mobile", "tablet", "television", "bot", "other"}
PIECES = (
    "Mozilla/5.0 ", "(iPhone; ", "(Windows NT 10.0) ", "Android 14; ", "Chrome/", "Version/",
    "FBAV/", "Firefox/", "CFNetwork/", "Lovelace/", "Ada ", "1815", "12.3 ", "Mobile ", "Safari/",
    "; Build/", "Tablet", ") ", "app/",
)  # fmt: skip


@pytest.mark.parametrize(("text", "left"), FROZEN)
def test_an_agent_is_reduced_as_it_always_was(text: str, left: str) -> None:
    assert user_agent(text) == left


@given(text=st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text(max_size=300))
def test_any_text_leaves_words_of_the_list(text: str) -> None:
    named, system, device = user_agent(text).split(" / ")
    family = named.rstrip("0123456789").rstrip()
    assert family in FAMILIES
    assert named[len(family) :].strip() in {"", *map(str, range(1000))}
    assert (system in SYSTEMS, device in CLASSES) == (True, True)


def test_the_library_alone_would_repeat_a_name() -> None:
    """The reason for the lists: whoever looks at this module's length may ask for it."""
    said = resolver()("Lovelace/1815 CFNetwork/1.0", Domain.ALL).user_agent
    assert said is not None
    assert "Lovelace" in said.family
    assert "ovelace" not in user_agent("Lovelace/1815 CFNetwork/1.0").lower()


def test_without_its_native_part_the_library_reads_the_same() -> None:
    slow = BasicResolver(load_lazy_builtins())
    for text, _ in FROZEN[:12]:
        assert slow(text, Domain.ALL) == resolver()(text, Domain.ALL)


def test_reading_an_agent_opens_no_socket() -> None:
    code = (
        "import socket\n"
        "def refused(*_a, **_k):\n    raise SystemExit('a socket was opened')\n"
        "socket.socket.__init__ = socket.getaddrinfo = socket.create_connection = refused\n"
        "from pseudonymizer.user_agents import user_agent\n"
        "assert user_agent('Mozilla/5.0 (X11; Linux) Firefox/130.0').startswith('firefox 130')\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
