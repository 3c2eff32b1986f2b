"""Reading a rulebook that came with a request, in a process of its own.

YAML takes a quarter of a second of the interpreter for a rulebook like the shipped one, and longer
for one made to take long; requests that are served meanwhile would wait for it, five milliseconds
at every turn.  What comes back is JSON, which is read in a twentieth of that.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any, Final

from gateway.addresses import module
from policies.errors import ParaventError, RulebookInvalid
from policies.load import rulebook_of
from policies.ruleset import RuleSet

PATIENCE_S: Final = 30.0
MODESTLY: Final = ("nice", "-n", "10")  # nobody who is served waits for a core that reads YAML


class RulebookUnread(ParaventError):
    """A rulebook could not be read in time."""

    code = "rulebook-unread"
    remedy = "Keep its files as small as the shipped ones are; thirty seconds is the limit."


def read(texts: Mapping[str, str]) -> RuleSet:
    """Give the rulebook of these files.

    Raises:
        RulebookInvalid: it cannot be obeyed.
        RulebookUnread: it was not read in ``PATIENCE_S``.
    """
    try:
        done = subprocess.run(  # noqa: S603  # our own interpreter, with our own module
            [*MODESTLY, *module("policies.apart")],
            input=json.dumps(dict(texts)),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        raise RulebookUnread(
            "the rulebook was not read in time; a smaller one was needed"
        ) from None
    said: dict[str, Any] = json.loads(done.stdout)
    if "fault" in said:
        raise RulebookInvalid(**said["fault"])
    return rulebook_of(said["content"])
