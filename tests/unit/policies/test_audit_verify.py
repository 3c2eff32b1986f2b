"""Whatever is done to a log, the checker that trusts nobody finds it."""

from __future__ import annotations

import ast
import base64
import runpy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from policies.audit.checkpoint import (
    Checkpoint,
    key_id,
    parse_checkpoint,
    parse_note,
    sign_note,
    verifier_key,
)
from policies.audit.handover import Handover
from policies.audit.record import AuditRecord
from policies.audit.tree import leaf_hash, root
from policies.audit.verify import Head, check_log, main, open_checkpoint, read_key
from policies.errors import CheckpointInvalid

ORIGIN, NAME = "example.org/audit", "example.org"
SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = SIGNER.public_key().public_bytes_raw()
KEY = (NAME, PUBLIC)


def entry(seq: int, action: str = "consent:given") -> bytes:
    return AuditRecord(seq, f"2026-03-01T10:00:{seq:02}Z", "paravent_gateway", action).header()


LOG = [entry(seq) for seq in range(9)]


def note(size: int, log: list[bytes] = LOG, signer: Ed25519PrivateKey = SIGNER) -> str:
    head = Checkpoint(ORIGIN, size, root([leaf_hash(each) for each in log[:size]]))
    public = signer.public_key().public_bytes_raw()
    return sign_note(head.text(), NAME, public, sign=signer.sign)


def findings(log: list[bytes], *notes: str) -> list[str]:
    return [f"{found.where}: {found.what}" for found in check_log(log, notes, KEY)]


def test_an_untouched_log_stands_with_all_its_checkpoints() -> None:
    assert findings(LOG, note(0), note(1), note(5), note(9)) == []


def test_a_log_without_checkpoints_is_checked_for_form_only() -> None:
    assert check_log(LOG) == []
    assert check_log([], [note(0)], KEY) == []


def _reordered() -> list[bytes]:
    return [*LOG[:3], LOG[4], LOG[3], *LOG[5:]]


def _renumbered() -> list[bytes]:
    return [entry(seq) for seq in range(4)] + [entry(seq, "other:act") for seq in range(4, 9)]


@pytest.mark.parametrize(
    ("log", "complaint"),
    [
        (LOG[:6], "checkpoint 0: the log is shorter than it was"),
        (_reordered(), "entry 3: the sequence number is not the position"),
        (_renumbered(), "checkpoint 0: the log had another root"),
        ([*LOG[:2], LOG[2].replace(b"given", b"taken"), *LOG[3:]], "checkpoint 0: the log had"),
        ([*LOG[:2], *LOG[3:]], "entry 2: the sequence number is not the position"),
    ],
    ids=["cut", "reordered", "forked", "edited", "removed"],
)
def test_a_tampered_log_is_found(log: list[bytes], complaint: str) -> None:
    assert any(found.startswith(complaint) for found in findings(log, note(9)))


def test_a_log_signed_anew_by_another_key_is_found() -> None:
    forged = _renumbered()
    assert findings(forged, note(9, forged, OTHER)) == [
        "checkpoint 0: not signed by the expected key"
    ]
    assert check_log(LOG, [note(9)], None)[0].what == "not signed by the expected key"


def test_checkpoints_of_two_logs_do_not_vouch_for_one() -> None:
    foreign = replace(parse_checkpoint(parse_note(note(9))[0]), origin="example.com/audit")
    signed = sign_note(foreign.text(), NAME, PUBLIC, sign=SIGNER.sign)
    assert findings(LOG, note(9), signed) == ["log: the checkpoints are of different logs"]


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (LOG[0].replace(b":", b": ", 1), "canonical form"),
        (b'{"a":1,"a":1}', "canonical form"),
        (b'{"a":"\\ud800"}', "not JSON"),
        (b"[]", "seven members"),
        (b'{"seq":0}', "seven members"),
        (entry(1), "not the position"),
        (entry(0).replace(b'"seq":0', b'"seq":false'), "not the position"),
    ],
)
def test_an_entry_of_another_form_is_found(header: bytes, complaint: str) -> None:
    (found,) = check_log([header])
    assert found.where == "entry 0"
    assert complaint in found.what


def test_a_note_is_read_back_as_it_was_written() -> None:
    text, (signature,) = parse_note(note(5))
    assert parse_checkpoint(text).text() == text
    assert (signature.name, signature.key_id) == (NAME, key_id(NAME, PUBLIC))
    SIGNER.public_key().verify(signature.signature, text.encode())


def test_a_note_may_carry_extension_lines_and_several_signatures() -> None:
    head = Checkpoint(ORIGIN, 1, bytes(32), ("an extension",))
    signed = sign_note(head.text(), NAME, PUBLIC, sign=SIGNER.sign)
    witness = base64.b64encode(bytes(72)).decode()
    both = f"{signed}\u2014 witness.example {witness}\n"
    assert parse_checkpoint(parse_note(both)[0]) == head
    assert open_checkpoint(both, KEY) == Head(ORIGIN, 1, bytes(32))


def test_the_key_id_is_the_one_of_the_specification() -> None:
    """The example key of golang.org/x/mod/sumdb/note, PeterNeumann, hash c74f20a3."""
    _, public = read_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    assert key_id("PeterNeumann", public).hex() == "c74f20a3"
    assert verifier_key("PeterNeumann", public).startswith("PeterNeumann+c74f20a3+ARpc2Qc")


def test_the_example_note_of_the_specification_is_opened() -> None:
    """From golang.org/x/mod/sumdb/note: a note need not be a checkpoint to carry signatures."""
    text, (signature,) = parse_note(
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
        "\n"
        "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"  # noqa: E501 -- one line in the specification
    )
    _, public = read_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    Ed25519PublicKey.from_public_bytes(public).verify(signature.signature, text.encode())


@pytest.mark.parametrize(
    "note_text",
    [
        "",
        "a\n",
        "a\n\n",
        "a\n\nb\n",
        "a\n\n\u2014 x !!!!\n",
        "a\n\n\u2014 x AAAA\n",
        "a\n\n- x AAAAAAAA\n",
    ],
)
def test_a_note_of_another_form_is_refused(note_text: str) -> None:
    with pytest.raises(CheckpointInvalid):
        parse_note(note_text)
    assert open_checkpoint(note_text, KEY) is None


ROOT64 = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n1\n",
        f"o\n1\n{ROOT64}",
        f"\n1\n{ROOT64}\n",
        f"o\n01\n{ROOT64}\n",
        f"o\n-1\n{ROOT64}\n",
        "o\n1\nAAAA\n",
        "o\n1\n***\n",
        f"o\n1\n{ROOT64[:-2]}B=\n",
        f"o\n1\n{ROOT64}\n\n",
    ],
)
def test_a_checkpoint_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(CheckpointInvalid):
        parse_checkpoint(text)


@pytest.mark.parametrize(
    "head",
    [
        Checkpoint("", 1, bytes(32)),
        Checkpoint("o\nx", 1, bytes(32)),
        Checkpoint("o", -1, bytes(32)),
        Checkpoint("o", 1, bytes(31)),
        Checkpoint("o", 1, bytes(32), ("",)),
    ],
)
def test_a_checkpoint_that_could_not_be_read_back_is_not_written(head: Checkpoint) -> None:
    with pytest.raises(CheckpointInvalid):
        head.text()


@pytest.mark.parametrize("name", ["", "a b", "a+b"])
def test_a_key_name_without_blank_or_plus_is_needed(name: str) -> None:
    with pytest.raises(CheckpointInvalid):
        verifier_key(name, PUBLIC)


@pytest.mark.parametrize(
    "mend",
    [
        lambda text: text.replace("\n9\n", "\n8\n"),
        lambda text: text.replace("\n9\n", "\n09\n"),
        lambda text: text.replace(f"{NAME} ", "example.com "),
        lambda text: text.replace(ORIGIN, "x"),
    ],
)
def test_a_checkpoint_altered_after_signing_vouches_for_nothing(mend: Callable[[str], str]) -> None:
    assert open_checkpoint(mend(note(9)), KEY) is None


@pytest.mark.parametrize(
    "body", ["o\n01\n" + ROOT64, "o\n1\n!", "o\n1\nAAAA", "o\n\u0661\n" + ROOT64, "o\n1"]
)
def test_a_signed_text_that_is_no_checkpoint_vouches_for_nothing(body: str) -> None:
    signed = sign_note(f"{body}\n", NAME, PUBLIC, sign=SIGNER.sign)
    assert open_checkpoint(signed, KEY) is None


@pytest.mark.parametrize("text", ["", "x", "x+00000000+AAAA", f"x+00000000+{ROOT64}", "x+y+***"])
def test_a_key_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_key(text)


def test_the_checker_runs_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, checkpoint = tmp_path / "log", tmp_path / "checkpoint"
    log.write_bytes(b"".join(line + b"\n" for line in LOG))
    checkpoint.write_text(note(9), encoding="utf-8")
    arguments = [str(log), "--checkpoint", str(checkpoint), "--key", verifier_key(NAME, PUBLIC)]
    assert main(arguments) == 0
    assert capsys.readouterr().out == "9 entries, 1 checkpoints, 0 findings\n"
    log.write_bytes(b"".join(line + b"\n" for line in LOG[:4]))
    assert main(arguments) == 1
    assert "the log is shorter than it was" in capsys.readouterr().out
    assert main([str(tmp_path / "missing")]) == 2
    assert main([str(log), "--key", "nonsense"]) == 2


def test_the_checker_imports_nothing_of_ours() -> None:
    source = Path(__file__).parents[3] / "policies/audit/verify.py"
    nodes = list(ast.walk(ast.parse(source.read_text(encoding="utf-8"))))
    imported = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    ours = {"policies", "workers", "gateway", "pseudonymizer"}
    assert not {name.partition(".")[0] for name in imported} & ours


def test_the_checker_runs_as_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"")
    monkeypatch.setattr("sys.argv", ["verify.py", str(log)])
    source = Path(__file__).parents[3] / "policies/audit/verify.py"
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(source), run_name="__main__")
    assert ended.value.code == 0


NEWER = Ed25519PrivateKey.from_private_bytes(b"n" * 32)


def handing_over(
    seq: int, older: Ed25519PrivateKey, newer: Ed25519PrivateKey, by: Ed25519PrivateKey
) -> bytes:
    said = Handover(
        "sign-audit", 2, "2026-03-01T10:00:00+00:00",
        older.public_key().public_bytes_raw(), newer.public_key().public_bytes_raw(),
    )  # fmt: skip
    at = f"2026-03-01T10:00:{seq:02}Z"
    fields = said.fields(by.sign(said.input()))
    return AuditRecord(seq, at, "paravent_gateway", "key:handed-over", fields=fields).header()


HANDED_OVER = [*LOG[:5], handing_over(5, SIGNER, NEWER, SIGNER), *LOG[6:]]
NEWER_KEY = (NAME, NEWER.public_key().public_bytes_raw())


@pytest.mark.parametrize("key", [KEY, NEWER_KEY])
def test_a_key_that_handed_over_leads_to_the_next_and_back(key: tuple[str, bytes]) -> None:
    notes = [note(3, HANDED_OVER), note(5, HANDED_OVER), note(9, HANDED_OVER, NEWER)]
    assert check_log(HANDED_OVER, notes, key) == []


def test_a_key_that_handed_over_counts_for_no_log_that_says_so() -> None:
    for key in (KEY, NEWER_KEY):
        notes = [note(6, HANDED_OVER), note(9, HANDED_OVER, NEWER)]
        assert [each.where for each in check_log(HANDED_OVER, notes, key)] == ["checkpoint 0"]


def test_an_older_key_counts_only_where_the_newer_vouches_for_the_entry() -> None:
    assert [each.where for each in check_log(HANDED_OVER, [note(3, HANDED_OVER)], NEWER_KEY)] == [
        "checkpoint 0"
    ]


def test_a_handover_that_somebody_else_signed_leads_nowhere() -> None:
    log = [*LOG[:5], handing_over(5, SIGNER, OTHER, OTHER), *LOG[6:]]
    assert [each.where for each in check_log(log, [note(9, log, OTHER)], KEY)] == ["checkpoint 0"]
