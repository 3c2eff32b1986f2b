"""A signed head of the audit log: a C2SP ``tlog-checkpoint`` inside a C2SP ``signed-note``.

The text is three lines, *origin*, *size in decimal* and *root in base64*, then optional lines of
extension; a blank line; and one line per signature: an em dash, the key's name, and base64 of
4 bytes of key id followed by 64 bytes of Ed25519 signature over the text.

Signing is handed in, so that this package holds no key.  Source: c2sp.org/signed-note and
c2sp.org/tlog-checkpoint.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from policies.errors import CheckpointInvalid

ED25519: Final = b"\x01"
_HASH_BYTES: Final = 32
_KEY_ID_BYTES: Final = 4
_LARGEST_NOTE: Final = 1_000_000
_KEY_NAME: Final = re.compile(r"[^\s+]+")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log as it stood at *size* entries."""

    origin: str
    size: int
    root: bytes
    extension: tuple[str, ...] = ()

    def text(self) -> str:
        """Give the text that is signed, with its final newline.

        Raises:
            CheckpointInvalid: a part could not be read back as it was meant.
        """
        lines = (self.origin, *self.extension)
        if any(not line or "\n" in line for line in lines):
            raise CheckpointInvalid("a line is empty or holds a newline; plain lines were needed")
        if self.size < 0 or len(self.root) != _HASH_BYTES:
            raise CheckpointInvalid("size or root is out of range; a 32-byte root was needed")
        head = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extension)
        return "".join(f"{line}\n" for line in head)


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line of a note, not yet checked."""

    name: str
    key_id: bytes
    signature: bytes


def key_id(name: str, public_key: bytes) -> bytes:
    """Give the 4 bytes that tell an Ed25519 key of *name* from others.

    SHA-256 of the name, a newline, the algorithm byte and the 32-byte public key, cut to 4 bytes.
    It is a hint for choosing the key to check with, not a security measure.
    """
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public_key).digest()[:_KEY_ID_BYTES]


def verifier_key(name: str, public_key: bytes) -> str:
    """Give the key in the form an auditor keeps: ``name+id+base64``."""
    encoded = base64.b64encode(ED25519 + public_key).decode()
    return f"{_checked_name(name)}+{key_id(name, public_key).hex()}+{encoded}"


def sign_note(text: str, name: str, public_key: bytes, *, sign: Callable[[bytes], bytes]) -> str:
    """Give the signed note over *text*; *sign* makes a 64-byte Ed25519 signature of the bytes."""
    signature = sign(text.encode())
    line = base64.b64encode(key_id(name, public_key) + signature).decode()
    return f"{text}\n\u2014 {_checked_name(name)} {line}\n"


def _checked_name(name: str) -> str:
    if not _KEY_NAME.fullmatch(name):
        raise CheckpointInvalid("the key name holds a blank or a plus; a plain name was needed")
    return name


def parse_note(note: str) -> tuple[str, tuple[NoteSignature, ...]]:
    """Split a note into its text and its signatures.  Nothing is checked against a key here.

    Raises:
        CheckpointInvalid: the note is not of the form.
    """
    text, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n") or len(note) > _LARGEST_NOTE:
        raise CheckpointInvalid("the note has no signature block; text, blank line, signatures")
    return f"{text}\n", tuple(_parse_signature(line) for line in tail[:-1].split("\n"))


def _parse_signature(line: str) -> NoteSignature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    raw = _decoded(encoded)
    if dash != "\u2014" or not _KEY_NAME.fullmatch(name) or len(raw) <= _KEY_ID_BYTES:
        raise CheckpointInvalid("a signature line has another form; dash, name, base64 was needed")
    return NoteSignature(name, raw[:_KEY_ID_BYTES], raw[_KEY_ID_BYTES:])


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint.

    Raises:
        CheckpointInvalid: it is not of the form.
    """
    origin, *rest = text.removesuffix("\n").split("\n")
    if not text.endswith("\n") or len(rest) < 2 or not origin or "" in rest[2:]:
        raise CheckpointInvalid("the text is too short; origin, size and root were needed")
    size, encoded, *extension = rest
    root = _decoded(encoded)
    if not _SIZE.fullmatch(size) or len(root) != _HASH_BYTES:
        raise CheckpointInvalid("size or root cannot be read; a number and 32 bytes were needed")
    return Checkpoint(origin, int(size), root, tuple(extension))


def _decoded(encoded: str) -> bytes:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""
    # One text per value: stray bits in the last character would let a note differ unseen.
    return raw if base64.b64encode(raw).decode() == encoded else b""
