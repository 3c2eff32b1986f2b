"""What an image does not hold, a process in it cannot load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {"gateway", "pseudonymizer", "workers", "policies"}


def copied(dockerfile: str) -> set[str]:
    """Give the packages that *dockerfile* copies; anything that copies all counts as all."""
    found: set[str] = set()
    for line in dockerfile.splitlines():
        match = re.match(r"(?:COPY|ADD)\s+(?:--\S+\s+)*(.+)", line)
        for source in match.group(1).split()[:-1] if match else ():
            first = source.strip("./").partition("/")[0]
            found |= PACKAGES if not first or "*" in source else {first} & PACKAGES
    return found


def test_the_workers_image_holds_nothing_of_the_identified_side() -> None:
    text = (ROOT / "docker" / "worker.Dockerfile").read_text()
    assert copied(text) == {"workers", "policies"}


def test_the_gateways_image_holds_all_four() -> None:
    assert copied((ROOT / "docker" / "gateway.Dockerfile").read_text()) == PACKAGES


@pytest.mark.parametrize(
    "line", ["COPY . .", "COPY ./ /srv", "ADD * /srv/", "COPY --chown=a pseudonymizer/ x/"]
)
def test_a_copy_of_more_is_seen(line: str) -> None:
    assert "pseudonymizer" in copied(line)


@pytest.mark.parametrize("name", ["worker.Dockerfile", "gateway.Dockerfile"])
def test_no_image_runs_as_root(name: str) -> None:
    text = (ROOT / "docker" / name).read_text()
    assert re.search(r"^USER [1-9]\d*$", text, re.MULTILINE)
