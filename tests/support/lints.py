"""The rules of the house that no tool has, each a pure function from a source to its findings.

A finding is one line: where, and what is so.  The tests run every rule over the whole repository
and over a kept and a broken example of its own.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
PACKAGES = ("gateway", "pseudonymizer", "workers", "policies")

# What is refused; docs/style.md asks for less: 250, 30 and 4.
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40  # of the body, without its docstring
MAX_POSITIONAL = 5

# The only modules that open engines and end transactions.
COMMITTERS = ("workers/store/transactions.py", "pseudonymizer/vault/transactions.py")
# Who sees the text of a direct identifier; every line here is a place to review.
REVEALERS = ("pseudonymizer/", "gateway/ingest/", "gateway/rights/", "gateway/segments/")
# Where statements live.
STATEMENTS = (
    "workers/store/",
    "pseudonymizer/vault/",
    "pseudonymizer/tombstones.py",
    "gateway/rights/",
)
BANNED_NAMES = re.compile(r"^_*(utils?|helpers?|.*manager|base|common|misc)$")
# What the rulebook may import beside the standard library: YAML for `load`, and the signature
# check of an independent verifier.
POLICIES_MAY_IMPORT = {"policies", "ruamel", "cryptography"}

# Claims nobody may make for pseudonymised data, and words the glossary replaces.
CLAIMS = re.compile(
    r"anonym(?:ous|i[sz]ed)\s+(?:data|events?|rows?|profiles?|features?|statistics|segments?)"
    r"|(?:is|are|become|becomes|fully|truly|completely|remain|remains)\s+anonym(?:ous|i[sz]ed)"
    r"|GDPR[- ]compliant|compliant with (?:the )?GDPR|guarantees? (?:GDPR )?compliance"
    r"|\bPII\b|\b(?:black|white|block)list(?:s|ed)?\b",
    re.IGNORECASE,
)
DENIALS = re.compile(
    r"\b(?:not|never|no|nor|cannot|nothing|isn't|do not say|rather than)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Source:
    """One file, as text and, where it is Python, as a tree."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def within(self, *places: str) -> bool:
        """Say whether the file is one of *places*, or lies in one that ends in a slash."""
        return any(
            str(self.path).startswith(place) if place.endswith("/") else str(self.path) == place
            for place in places
        )

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Give every call with the last part of what is called."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                target = node.func
                name = getattr(target, "attr", getattr(target, "id", ""))
                yield node, str(name)

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def at(self, node: ast.AST, what: str) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {what}"


Lint = Callable[[Source], list[str]]


def only_transactions_commit(source: Source) -> list[str]:
    """One unit of work, one commit, one module a side that commits."""
    if source.within(*COMMITTERS):
        return []
    return [
        source.at(call, f"calls {name}(); only a transactions.py does")
        for call, name in source.calls()
        # As methods without arguments: `commit(detail)` is also the commitment of an audit entry,
        # and a run of our own can begin.
        if name == "create_engine"
        or (name in {"commit", "begin"} and isinstance(call.func, ast.Attribute) and not call.args)
    ]


def reveals_are_few(source: Source) -> list[str]:
    """The text of a direct identifier is seen in a few listed places only."""
    if source.within(*REVEALERS):
        return []
    return [
        source.at(call, "reveals a direct identifier; this place may not")
        for call, name in source.calls()
        if name == "reveal" and isinstance(call.func, ast.Attribute)
    ]


_STATEMENT = re.compile(
    r"^\s*(?:select\s.*\sfrom|insert\s+into|update\s+\S+\s+set|delete\s+from|copy\s+\S+\s*\(|truncate)\b",
    re.IGNORECASE | re.DOTALL,
)


def statements_have_one_home(source: Source) -> list[str]:
    """SQL on our tables stands with the side that owns them."""
    if source.within(*STATEMENTS):
        return []
    return [
        source.at(node, "holds an SQL statement; statements live with the side that owns the table")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _STATEMENT.match(node.value)
    ]


def files_are_short(source: Source) -> list[str]:
    """One concept a file."""
    lines = source.text.count("\n")
    if "migrations" in source.path.parts:  # history: written once, not lived in
        return []
    return [f"{source.path}:1: has {lines} lines"] if lines > MAX_FILE_LINES else []


def functions_are_short(source: Source) -> list[str]:
    """A function fits on a screen, and its call on a line."""
    found = []
    for function in source.functions():
        body = function.body[1:] if ast.get_docstring(function) else function.body
        lines = (function.end_lineno or 0) - body[0].lineno + 1 if body else 0
        if lines > MAX_FUNCTION_LINES:
            found.append(source.at(function, f"{function.name} has {lines} lines"))
        arguments = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
        count = len([name for name in arguments if name not in {"self", "cls"}])
        if count > MAX_POSITIONAL:
            found.append(source.at(function, f"{function.name} takes {count} positional arguments"))
    return found


def names_say_something(source: Source) -> list[str]:
    """No drawer for odds and ends."""
    parts = [*source.path.parent.parts, source.path.stem]
    return [f"{source.path}:1: a module called {p!r}" for p in parts if BANNED_NAMES.match(p)]


def transactions_end_before_the_answer(source: Source) -> list[str]:
    """A dependency that cleans up does so before the response leaves.

    With FastAPI's default scope the code after ``yield`` runs afterwards, so a failed commit would
    already have been answered with success.
    """
    generators = {
        function.name
        for function in source.functions()
        if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function))
    }
    found = []
    for call, name in source.calls():
        if name != "Depends" or not call.args:
            continue
        target = call.args[0]
        scopes = [k.value for k in call.keywords if k.arg == "scope"]
        function_scoped = any(isinstance(s, ast.Constant) and s.value == "function" for s in scopes)
        if getattr(target, "id", "") in generators and not function_scoped:
            found.append(source.at(call, 'Depends on a generator without scope="function"'))
    return found


def rulebook_imports_nobody(source: Source) -> list[str]:
    """`policies` imports the standard library, YAML, and the check of a signature."""
    if not source.within("policies/"):
        return []
    found = []
    for node in ast.walk(source.tree):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        for module in modules:
            root = module.partition(".")[0]
            # Of files that an auditor copies out together, one finds the other beside it.
            beside = (ROOT / source.path.parent / f"{root}.py").exists()
            if root not in {*POLICIES_MAY_IMPORT, *sys.stdlib_module_names} and not beside:
                found.append(source.at(node, f"imports {module}"))
    return found


def claims_are_honest(source: Source) -> list[str]:
    """Pseudonymised data is personal data, and software is not compliant, controllers are."""
    found = []
    for number, line in enumerate(source.text.splitlines(), 1):
        claim = CLAIMS.search(line)
        if claim and not DENIALS.search(line):
            found.append(f"{source.path}:{number}: says {claim.group()!r}")
    return found


PYTHON_LINTS: tuple[Lint, ...] = (
    only_transactions_commit,
    reveals_are_few,
    statements_have_one_home,
    files_are_short,
    functions_are_short,
    names_say_something,
    transactions_end_before_the_answer,
    rulebook_imports_nobody,
)
TEXT_LINTS: tuple[Lint, ...] = (claims_are_honest,)


def python_sources() -> list[Source]:
    """Give every module of the four packages."""
    return [
        Source(PurePosixPath(path.relative_to(ROOT)), path.read_text())
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    ]


def written_sources() -> list[Source]:
    """Give every text that a reader may take as our word."""
    kinds = {".py", ".md", ".yaml", ".html", ".toml", ".j2"}
    places = [ROOT / name for name in (*PACKAGES, "docs", "docker", "benchmarks")]
    files = [path for place in places for path in sorted(place.rglob("*")) if path.suffix in kinds]
    return [
        Source(PurePosixPath(path.relative_to(ROOT)), path.read_text())
        for path in [ROOT / "README.md", ROOT / "pyproject.toml", *files]
    ]
