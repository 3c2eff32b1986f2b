"""Checks the proof of a consent without trusting whoever wrote it.

Needs Python, ``cryptography`` and ``verify`` beside it, and nothing else of ours: it shares no code
with the writer.  An auditor may copy both and run::

    python verify_consent.py PROOF.json --key VERIFIER_KEY

What holds afterwards: the key signed a log in which the record, the notice with these very words
and the banners stand as they stand in the proof, under a rulebook with this very content, which
names the controller and the legal basis; so none of them was made up after the checkpoint.
Exit status 0 when everything holds, 1 when something does not, 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

try:
    from policies.audit.verify import (
        Finding,
        Head,
        handed_over,
        included,
        open_checkpoint,
        read_key,
    )
except ImportError:  # copied out, beside the other file
    from verify import (  # type: ignore[import-not-found, no-redef]
        Finding,
        Head,
        handed_over,
        included,
        open_checkpoint,
        read_key,
    )

Entries = Mapping[int, Mapping[str, Any]]


def check_proof(document: Mapping[str, Any], key: tuple[str, bytes]) -> list[Finding]:
    """Find everything that does not hold about a proof; an empty list means it stands."""
    try:
        head = _signed_head(document, key)
        if head is None:
            return [Finding("checkpoint", "not signed by the expected key")]
        return list(_checked(document, head))
    except (KeyError, TypeError, ValueError, AttributeError):
        return [Finding("proof", "it has not the form of one")]


def _signed_head(document: Mapping[str, Any], key: tuple[str, bytes]) -> Head | None:
    """Open the checkpoint by *key*, or by one that took over from it since, as the proof shows.

    A key counts for no log that holds the entry by which it was replaced; where the proof does not
    name that entry, for none at all.
    """
    name, public = key
    keys, ends = [public], dict[bytes, int]()
    for step in document.get("handovers", ()):
        found = handed_over(step, "sign-audit")
        if found and found[0] == keys[-1]:
            ends[found[0]] = _announced(step)
            keys.append(found[1])
    for each in reversed(keys):
        head = open_checkpoint(document["checkpoint"], (name, each))
        if head is not None and head.size <= ends.get(each, head.size):
            return head
    return None


def _announced(step: Mapping[str, Any]) -> int:
    """Give the entry of the log by which a key was replaced; -1 where nothing says which."""
    entry = step.get("entry")
    return entry if isinstance(entry, int) and not isinstance(entry, bool) else -1


def _handed_over(document: Mapping[str, Any], entries: Entries, size: int) -> Iterator[Finding]:
    """Hold each handover against the entry it names, where the signed log is long enough."""
    for step in document.get("handovers", ()):
        seq = _announced(step)
        fields = _fields(entries, seq, "key:handed-over")
        expected = {name: value for name, value in step.items() if name != "entry"}
        if 0 <= seq < size and not expected.items() <= fields.items():  # who did it is there, too
            yield Finding(f"handover {seq}", "the log says otherwise of it")


def _checked(document: Mapping[str, Any], head: Head) -> Iterator[Finding]:
    entries: dict[int, Mapping[str, Any]] = {}
    for each in document["entries"]:
        leaf = _leaf(each["header"].encode())
        if not included(leaf, each["seq"], head.size, _hashes(each["path"]), head.root):
            yield Finding(f"entry {each['seq']}", "it is not in the signed log")
            continue
        entries[each["seq"]] = json.loads(each["header"])
    yield from _handed_over(document, entries, head.size)
    notices = {each["key"]: each for each in document["notices"]}
    for notice in notices.values():
        yield from _notice(notice, entries)
    rules: dict[str, Mapping[str, Any]] = {}
    for each in document["rulebooks"]:
        if not hmac.compare_digest(_sha256(each["content"]), each["sha256"]):
            yield Finding(f"rulebook {each['sha256'][:12]}", "its content has another hash")
            continue
        rules[each["sha256"]] = json.loads(each["content"])
    if not document["records"]:
        yield Finding("proof", "it proves no record")
    for number, each in enumerate(document["records"]):
        yield from _record(f"record {number}", each, notices, entries)
        yield from _ruled(f"record {number}", each, rules)


def _ruled(
    where: str, proved: Mapping[str, Any], rules: Mapping[str, Mapping[str, Any]]
) -> Iterator[Finding]:
    """Hold a record against the rulebook it names: legal basis, and the notice of the purpose."""
    record = proved["record"]
    found = rules.get(record["rulebook"])
    if found is None:
        yield Finding(where, "nothing says under which rules, and for which controller")
        return
    purpose = found["purposes.yaml"]["purposes"].get(record["purpose"], {})
    if purpose.get("notice") != proved["notice"]:
        yield Finding(where, "the rulebook had another notice for the purpose")


def _record(
    where: str, proved: Mapping[str, Any], notices: Mapping[str, Any], entries: Entries
) -> Iterator[Finding]:
    anchor, record = proved["anchor"], proved["record"]
    if anchor is None:
        yield Finding(
            where, "it was not in the log yet; write the proof again in a quarter of an hour"
        )
    else:
        fields = _fields(entries, anchor["entry"], "event:consents-anchored")
        canonical = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        root = bytes.fromhex(fields.get("root", ""))
        path = _hashes(anchor["path"])
        whole = fields.get("records") == anchor["size"]
        if not whole or not included(
            _leaf(canonical.encode()), anchor["index"], anchor["size"], path, root
        ):
            yield Finding(where, "the anchored tree does not hold this record")
    if proved["notice"] not in notices:
        yield Finding(where, "nothing says what was shown")
        return
    shown = {each["entry"] for each in notices[proved["notice"]]["banners"]}
    if not shown.issuperset(proved["banners"]):
        yield Finding(where, "a banner is named that is not proved")


def _notice(notice: Mapping[str, Any], entries: Entries) -> Iterator[Finding]:
    where = f"notice {notice['key']}"
    said = _sha256(notice["text"])
    fields = _fields(entries, notice["entry"], "notice:registered")
    expected = {name: notice[name] for name in ("version", "valid_from", "language")}
    expected |= {"notice": notice["key"], "sha256": said}
    if fields != expected or not hmac.compare_digest(said, notice["sha256"]):
        yield Finding(where, "the log has other words for it")
    for banner in notice["banners"]:
        fields = _fields(entries, banner["entry"], "banner:registered")
        expected = {name: banner[name] for name in ("version", "platform", "code_sha256")}
        expected |= {"notice": notice["key"], "screenshots": " ".join(banner["screenshots"])}
        if not expected.items() <= fields.items():  # who said so is in the entry, too
            yield Finding(f"banner {banner['entry']}", "the log says otherwise of it")


def _fields(entries: Entries, seq: int, action: str) -> Mapping[str, Any]:
    """Give what an entry says, if it is the one that was meant; otherwise nothing."""
    entry = entries.get(seq, {})
    found: Mapping[str, Any] = entry.get("fields", {}) if entry.get("action") == action else {}
    return found


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _leaf(content: bytes) -> bytes:
    return hashlib.sha256(bytes([0]) + content).digest()


def _hashes(path: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(step) for step in path]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the check from the command line; give the exit status."""
    parser = argparse.ArgumentParser(description="Check the proof of a consent.")
    parser.add_argument("proof", type=Path, help="the proof, as it was given out")
    parser.add_argument("--key", required=True, help="the verifier key you kept from before")
    given = parser.parse_args(arguments)
    try:
        key = read_key(given.key)
        document = json.loads(given.proof.read_bytes())
    except (OSError, ValueError) as fault:
        sys.stderr.write(f"cannot start: {fault}\n")
        return 2
    findings = check_proof(document, key)
    for finding in findings:
        sys.stdout.write(f"{finding.where}: {finding.what}\n")
    sys.stdout.write(f"{len(document.get('records', []))} records, {len(findings)} findings\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
