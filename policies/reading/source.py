"""What a YAML file says, with the line of every value.

YAML 1.2, so ``no`` and ``on`` are strings; one document; no tags, no anchors, no directives, no
key twice: a rulebook is read by people, and none of these says to them what it says to a parser.
Nothing is constructed from the file but the plain values below.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NoReturn, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from policies.errors import RulebookInvalid

Scalar: TypeAlias = str | int | float | bool | None
Content: TypeAlias = "Scalar | dict[str, Value] | list[Value]"

LARGEST_FILE: Final = 1_000_000  # characters; the shipped rulebook is a twentieth of this
# Control characters and lone surrogates, which an escape in double quotes can spell.
_UNREADABLE: Final = frozenset({"Cc", "Cs"})
DEEPEST: Final = 30  # levels; conditions nest, but nobody reads thirty of them
_DECIMAL: Final = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?")
_TAG: Final = "tag:yaml.org,2002:"
_PLAIN: Final = frozenset({"str", "int", "float", "bool", "null", "timestamp", "map", "seq"})


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a file, and where it stands."""

    content: Content
    file: str
    line: int
    path: str

    def fault(self, what: str, advice: str, *, key: str | None = None) -> NoReturn:
        """Refuse the file because of this value.

        Raises:
            RulebookInvalid: always.
        """
        path = self.path if key is None else joined(self.path, key)
        raise RulebookInvalid(what, file=self.file, line=self.line, key=path, advice=advice)

    def plain(self) -> object:
        """Give the content without places, for hashing."""
        if isinstance(self.content, dict):
            return {key: value.plain() for key, value in self.content.items()}
        if isinstance(self.content, list):
            return [value.plain() for value in self.content]
        return self.content


def joined(path: str, key: str) -> str:
    """Give the path of *key* under *path*."""
    return f"{path}.{key}" if path else key


def kept(plain: object, file: str, path: str = "") -> Value:
    """Give the value that said *plain*; of its place only file and path are known any more."""
    content: Content
    if isinstance(plain, dict):
        content = {key: kept(each, file, joined(path, key)) for key, each in plain.items()}
    elif isinstance(plain, list):
        content = [kept(each, file, f"{path}[{at}]") for at, each in enumerate(plain)]
    elif plain is None or isinstance(plain, str | int | float):
        content = plain
    else:
        raise TypeError("a rulebook holds mappings, lists, texts, numbers and truth values")
    return Value(content, file, 0, path)


# Reading is slow (20 ms a file) and its result never changes; gateway and tests read files again.
@lru_cache(maxsize=256)
def parse(text: str, file: str) -> Value:
    """Read *text*, the content of *file*.

    Raises:
        RulebookInvalid: it is not one plain YAML 1.2 document holding a mapping.
    """
    whole = Value(None, file, 1, "")
    if len(text) > LARGEST_FILE:
        whole.fault("the file is too large", f"Keep it under {LARGEST_FILE} characters.")
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith("%"):
            Value(None, file, number, "").fault(
                "the line is a YAML directive", "Remove it; files are read as YAML 1.2."
            )
    node = _composed(text, whole)
    if not isinstance(node, MappingNode):
        whole.fault("the file holds no mapping", "Begin with a key, such as `purposes:`.")
    return _Converter(file).value(node, "", 0)


def _composed(text: str, whole: Value) -> Node | None:
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_duplicate_keys = False
    try:
        node: Node | None = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = Value(None, whole.file, mark.line + 1 if mark else 1, "")
        what = f"this is not YAML: {error.problem or 'it cannot be read'}"
    except (YAMLError, RecursionError):
        place, what = whole, "the file cannot be read as YAML"
    else:
        return node
    return place.fault(what, "Compare indentation, quotes and colons with the lines around it.")


class _Converter:
    """Turns nodes into values, refusing what is not plain."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._seen: set[int] = set()

    def value(self, node: Node, path: str, depth: int) -> Value:
        place = Value(None, self._file, node.start_mark.line + 1, path)
        self._refuse_fancy(node, place, depth)
        content: Content
        if isinstance(node, MappingNode):
            content = dict(self._members(node, path, depth))
        elif isinstance(node, SequenceNode):
            content = [
                self.value(item, f"{path}[{number}]", depth + 1)
                for number, item in enumerate(node.value)
            ]
        else:
            content = _scalar(node, place)
        return Value(content, self._file, place.line, path)

    def _members(self, node: MappingNode, path: str, depth: int) -> Iterator[tuple[str, Value]]:
        keys: set[str] = set()
        for key_node, value_node in node.value:
            place = Value(None, self._file, key_node.start_mark.line + 1, path)
            if not isinstance(key_node, ScalarNode):
                place.fault("a key is a list or a mapping", "Use a plain word as the key.")
            self._refuse_fancy(key_node, place, depth)
            key = str(key_node.value)
            if key in keys:
                place.fault("the key is there twice", "Keep one of the two.", key=key)
            keys.add(key)
            value = self.value(value_node, joined(path, key), depth + 1)
            # A long value may begin on a later line; the reader looks for its key.
            yield key, Value(value.content, self._file, place.line, value.path)

    def _refuse_fancy(self, node: Node, place: Value, depth: int) -> None:
        tag = str(node.tag)
        if not tag.startswith(_TAG) or tag.removeprefix(_TAG) not in _PLAIN:
            place.fault("the value carries a tag", "Write it without `!`.")
        if node.anchor or id(node) in self._seen:
            place.fault("the value is an anchor or an alias", "Write the value out.")
        if depth > DEEPEST:
            place.fault("the nesting is too deep", f"Use at most {DEEPEST} levels.")
        text = node.value.replace("\n", "") if isinstance(node, ScalarNode) else ""
        if any(unicodedata.category(character) in _UNREADABLE for character in text):
            place.fault("a character cannot be read by people", "Remove the escape sequence.")
        self._seen.add(id(node))


def _scalar(node: Node, place: Value) -> Scalar:
    kind = str(node.tag).removeprefix(_TAG)
    text = str(node.value)
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int" and text.lstrip("+-").isdecimal() and len(text) < 19:
        return int(text)
    if kind == "float":
        return _finite(text, place)
    if kind == "int":
        place.fault("the number is written in an unusual way", "Use decimal digits only.")
    return text


def _finite(text: str, place: Value) -> float:
    if not _DECIMAL.fullmatch(text) or not math.isfinite(float(text)):
        place.fault("the number is not finite or oddly written", "Use digits and one point.")
    return float(text)
