"""Checks an audit log without trusting whoever wrote it.

This file stands alone: Python, ``cryptography`` for Ed25519, and nothing of ours.  It shares no
code with the writer, and recomputes everything.  An auditor may copy it and run::

    python verify.py LOG [--checkpoint FILE]... [--key VERIFIER_KEY]

``LOG`` is the exported log, one header a line, as exported.  Each checkpoint must carry a valid
signature of the key, name a size the log has reached and the root the log then had.  Given two
checkpoints or more, a log cut short, reordered, edited, forked or signed anew by another key
cannot satisfy them all.

A key that was replaced says so itself: an entry of the log holds the next public key, signed by the
one before.  Any one of them is enough to check with.  A key counts for no log that holds the entry
by which it was replaced; an older one only where a newer checkpoint vouches for that entry.  Exit
status 0 when everything holds, 1 when something does not, 2 for
wrong usage.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import hmac
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_KEYS = {"action", "actor", "at", "commitment", "fields", "seq", "subject_ref"}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold.  ``where`` is ``entry N``, a checkpoint or ``log``."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Head:
    """What a checked checkpoint vouches for."""

    origin: str
    size: int
    root: bytes


def roots_of(headers: Iterable[bytes], sizes: Iterable[int]) -> dict[int, bytes]:
    """Give the root the log had at each of *sizes*, in one pass; sizes never reached are absent."""
    wanted = set(sizes)
    stack: list[tuple[int, bytes]] = []
    found = {0: hashlib.sha256().digest()} if 0 in wanted else {}
    for position, header in enumerate(headers, start=1):
        width, node = 1, hashlib.sha256(bytes([0]) + header).digest()
        while stack and stack[-1][0] == width:
            width, node = 2 * width, hashlib.sha256(bytes([1]) + stack.pop()[1] + node).digest()
        stack.append((width, node))
        if position in wanted:
            found[position] = _bagged(stack)
    return found


def _bagged(stack: Sequence[tuple[int, bytes]]) -> bytes:
    """Fold the peaks from the right, the newest first."""
    node = stack[-1][1]
    for _, peak in reversed(stack[:-1]):
        node = hashlib.sha256(bytes([1]) + peak + node).digest()
    return node


def check_headers(headers: Iterable[bytes]) -> Iterator[Finding]:
    """Find entries that are not canonical, or out of sequence."""
    for position, header in enumerate(headers):
        fault = _header_fault(header, position)
        if fault:
            yield Finding(f"entry {position}", fault)


def _header_fault(header: bytes, position: int) -> str | None:
    try:
        record = json.loads(header)
        again = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        canonical = again.encode() == header
    except (ValueError, RecursionError):
        return "the header is not JSON in UTF-8"
    if not canonical:
        return "the header is not in canonical form"
    if not isinstance(record, dict) or set(record) != _KEYS:
        return "the header has not exactly the seven members of an entry"
    if record["seq"] != position or isinstance(record["seq"], bool):
        return "the sequence number is not the position"
    return None


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Say whether *proof* leads from *leaf* at *index* to *root* (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, node = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = hashlib.sha256(bytes([1]) + step + node).digest()
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            node = hashlib.sha256(bytes([1]) + node + step).digest()
        position, last = position >> 1, last >> 1
    return last == 0 and hmac.compare_digest(node, root)


def consistent(older: Head, newer: Head, proof: Sequence[bytes]) -> bool:
    """Say whether *proof* shows *older* to be a prefix of *newer* (RFC 9162, section 2.1.4.2)."""
    if not 0 < older.size <= newer.size:
        return False
    if older.size == newer.size:
        return not proof and hmac.compare_digest(older.root, newer.root)
    path = [older.root, *proof] if older.size & (older.size - 1) == 0 else list(proof)
    if not path:
        return False
    position, last = older.size - 1, newer.size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    before = after = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            before = hashlib.sha256(bytes([1]) + step + before).digest()
            after = hashlib.sha256(bytes([1]) + step + after).digest()
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            after = hashlib.sha256(bytes([1]) + after + step).digest()
        position, last = position >> 1, last >> 1
    whole = hmac.compare_digest(before, older.root) and hmac.compare_digest(after, newer.root)
    return last == 0 and whole


def handed_over(fields: Mapping[str, object], signer: str) -> tuple[bytes, bytes] | None:
    """Give the older and the newer public key, if *fields* hold the older one's signature."""
    try:
        encoded = (str(fields[name]) for name in ("previous_key", "public_key", "signature"))
        previous, public, signature = (base64.b64decode(each, validate=True) for each in encoded)
        texts = ("paravent/key-handover/v1", signer, str(fields["version"]), str(fields["since"]))
        parts = (*(each.encode() for each in texts), previous, public)
        said = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        Ed25519PublicKey.from_public_bytes(previous).verify(signature, said)
    except (InvalidSignature, KeyError, ValueError):
        return None
    return (previous, public) if fields.get("key") == signer and len(public) == 32 else None


def handovers(headers: Iterable[bytes]) -> list[tuple[int, bytes, bytes]]:
    """Give the entries by which a key of the log hands over: position, older key, newer key."""
    found = []
    for position, header in enumerate(headers):
        if b'"action":"key:handed-over"' in header and not _header_fault(header, position):
            keys = handed_over(json.loads(header)["fields"], "sign-audit")
            found += [(position, *keys)] if keys else []
    return found


def open_all(
    headers: Sequence[bytes], notes: Sequence[str], key: tuple[str, bytes]
) -> list[Head | None]:
    """Give what each of *notes* vouches for; ``None`` for what *key* does not lead to."""
    name, steps = key[0], handovers(headers)
    newer, older, ends = {key[1]}, set[bytes](), dict[bytes, int]()
    for position, previous, public in steps:
        ends.setdefault(previous, position)
        newer |= {public} if previous in newer else set()
    for _, previous, public in reversed(steps):
        older |= {previous} - newer if public in newer | older else set()

    def opened(note: str, keys: Iterable[bytes]) -> tuple[Head | None, bytes]:
        for each in keys:
            head = open_checkpoint(note, (name, each))
            if head is not None and head.size <= ends.get(each, head.size):
                return head, each
        return None, b""

    heads = [opened(note, newer)[0] for note in notes]
    vouched = max((head.size for head in heads if head), default=0)
    for number, note in enumerate(notes):
        if heads[number] is None:
            head, signer = opened(note, older)
            heads[number] = head if head and ends[signer] < vouched else None
    return heads


def read_key(text: str) -> tuple[str, bytes]:
    """Read a verifier key ``name+id+base64``; give its name and 32 bytes.

    Raises:
        ValueError: it has another form, another algorithm, or its id does not belong to it.
    """
    name, _, rest = text.strip().partition("+")
    identity, _, encoded = rest.partition("+")
    raw = base64.b64decode(encoded, validate=True)
    expected = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4].hex()
    if not name or len(raw) != 33 or raw[0] != 1 or identity != expected:
        raise ValueError("this is not an Ed25519 verifier key; name+id+base64 was needed")
    return name, raw[1:]


def open_checkpoint(note: str, key: tuple[str, bytes]) -> Head | None:
    """Give what *note* vouches for, or ``None`` unless *key* signed it and it can be read."""
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    lines = text.split("\n")
    if len(lines) < 4 or not any(_signed(text, line, key) for line in signatures.split("\n")):
        return None
    try:
        root = base64.b64decode(lines[2], validate=True)
    except binascii.Error:
        return None
    plain = lines[1].isascii() and lines[1].isdigit() and str(int(lines[1][:19])) == lines[1]
    return Head(lines[0], int(lines[1]), root) if plain and len(root) == 32 else None


def _signed(text: str, line: str, key: tuple[str, bytes]) -> bool:
    name, public = key
    try:
        raw = base64.b64decode(line.removeprefix(f"\u2014 {name} "), validate=True)
        identity = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
        if len(raw) != 68 or raw[:4] != identity:
            return False
        Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def check_log(
    headers: Sequence[bytes], notes: Sequence[str] = (), key: tuple[str, bytes] | None = None
) -> list[Finding]:
    """Find everything that does not hold about an exported log; an empty list means it stands.

    Args:
        headers: the headers of the entries, in order, as exported.
        notes: signed checkpoints, from anywhere and in any order.
        key: name and public key the checkpoints must be signed by, or a key that it leads to;
            without it each is a finding.
    """
    findings = list(check_headers(headers))
    heads = {}
    found = open_all(headers, notes, key) if key else [None] * len(notes)
    for number, head in enumerate(found):
        if head is None:
            findings.append(Finding(f"checkpoint {number}", "not signed by the expected key"))
        else:
            heads[number] = head
    roots = roots_of(headers, {head.size for head in heads.values()})
    for number, head in heads.items():
        if head.size not in roots:
            findings.append(Finding(f"checkpoint {number}", "the log is shorter than it was"))
        elif not hmac.compare_digest(roots[head.size], head.root):
            findings.append(Finding(f"checkpoint {number}", "the log had another root"))
    if len({head.origin for head in heads.values()}) > 1:
        findings.append(Finding("log", "the checkpoints are of different logs"))
    return findings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the check from the command line; give the exit status."""
    parser = argparse.ArgumentParser(description="Check an exported audit log.")
    parser.add_argument("log", type=Path, help="the exported log, one header a line")
    parser.add_argument("--checkpoint", type=Path, action="append", default=[], help="signed note")
    parser.add_argument("--key", help="the verifier key the checkpoints must be signed by")
    given = parser.parse_args(arguments)
    try:
        key = read_key(given.key) if given.key else None
        headers = given.log.read_bytes().split(b"\n")[:-1]
        notes = [path.read_text(encoding="utf-8") for path in given.checkpoint]
    except (OSError, ValueError) as fault:
        sys.stderr.write(f"cannot start: {fault}\n")
        return 2
    findings = check_log(headers, notes, key)
    for finding in findings:
        sys.stdout.write(f"{finding.where}: {finding.what}\n")
    size, seen = len(headers), len(notes)
    sys.stdout.write(f"{size} entries, {seen} checkpoints, {len(findings)} findings\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
