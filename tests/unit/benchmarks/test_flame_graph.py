"""A flame graph shows what takes long, names no folder, and leaves out what is narrow."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from benchmarks.flame_graph import drawn, read

RAW = """\
process 12:"m";main (/srv/somewhere/gateway/main.py);work (/srv/x/workers/a.py) 60
process 12:"m";main (/srv/somewhere/gateway/main.py) 39
main (/srv/somewhere/gateway/main.py);send (/e/lib/python3.11/site-packages/psycopg/copy.py:7) 1
"""


def test_frames_are_named_by_module_and_function() -> None:
    stacks = read(RAW.splitlines())
    main = "gateway.main.main"
    assert stacks == {
        (main, "workers.a.work"): 60, (main,): 39, (main, "psycopg.copy.send"): 1,
    }  # fmt: skip


def test_widths_are_shares_and_what_is_narrow_is_left_out() -> None:
    stacks = read(RAW.splitlines()) | {("gateway.main.main", "gateway.rare"): 0}
    picture = drawn("a <lane>", stacks)
    ET.fromstring(picture)  # noqa: S314  # our own text
    assert "/srv" not in picture
    assert "rare" not in picture
    assert re.findall(r"<title>(\S+) ([\d.]+)%", picture) == [
        ("all", "100.0"), ("gateway.main.main", "100.0"),
        ("psycopg.copy.send", "1.0"), ("workers.a.work", "60.0"),
    ]  # fmt: skip


def test_nothing_seen_is_said() -> None:
    with pytest.raises(ValueError, match="no sample"):
        drawn("nothing", {})
