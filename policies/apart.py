"""Reading a rulebook in a process of its own: ``python -m policies.apart``.

The texts of its files come as JSON on the standard input; what they say, or the fault that was
found, goes out as JSON.  Nothing is imported that YAML does not need: a process that reads for a
quarter of a second would otherwise take half a second to begin.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from policies.errors import RulebookInvalid
from policies.load import build, parsed

_FAULT = ("what", "file", "line", "key", "advice")


def told(texts: Mapping[str, str]) -> dict[str, Any]:
    """Give the content of the rulebook of these files, or their first fault."""
    try:
        return {"content": build(parsed(texts)).content}
    except RulebookInvalid as error:
        return {"fault": {name: getattr(error, name) for name in _FAULT}}


if __name__ == "__main__":
    json.dump(told(json.load(sys.stdin)), sys.stdout)
