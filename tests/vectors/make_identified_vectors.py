"""Make the frozen vectors: ``python -m tests.vectors.make_identified_vectors``.

Run it once per version of a form, never to make a red test green: a changed vector means that
pseudonyms, blind indexes or tombstones already stored would no longer be found.  Keys and people
are made up; the keys are SHA-256 of a label, so that anybody can check them by hand.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pseudonymizer.derive import aref, dek, pid
from pseudonymizer.encoding import enc
from pseudonymizer.errors import IdentifierInvalid
from pseudonymizer.key_file import KeyRecord, VersionRecord, write_keys
from pseudonymizer.key_providers import USES, FileKeyProvider
from pseudonymizer.keyring import Keyring
from pseudonymizer.normalise import canonical, common_form
from pseudonymizer.seal import Place, SealingKey, open_sealed, seal

FOLDER = Path(__file__).parent
MADE_AT = "2026-11-01T00:00:00+00:00"
DOMAINS = ("marketing", "measurement", "mesure d'audience")
IDENTIFIERS = (
    ("user_id", "user_0001"),
    ("anonymous_id", "user_0001"),
    ("email", "ada.lovelace@example.org"),
    ("email", "grâce@xn--exmple-cua.org"),
    ("phone", "+33612345678"),
    ("device_id", "5f1e7a9c-0000-4000-8000-000000000001"),
)
VARIANTS = ("ada.lovelace+shop@gmail.com", "adalovelace@googlemail.com", "ada+a@example.org")
MESSAGE = "0198f0aa-0000-7000-8000-000000000001"
MESSAGES = ((1, MESSAGE), (2, MESSAGE), (1, ""), (1, "é\ud800"))
SPELLINGS = (
    ("user_id", "  User_0001 ", "FR"),
    ("user_id", "e\u0301lodie", "FR"),
    ("user_id", "null", "FR"),
    ("user_id", "", "FR"),
    ("user_id", "a\u0000b", "FR"),
    ("user_id", "a\u200bb", "FR"),
    ("user_id", "\ud800", "FR"),
    ("user_id", "x" * 257, "FR"),
    ("anonymous_id", "00000000-0000-0000-0000-000000000000", "FR"),
    ("device_id", "5F1E7A9C-0000-4000-8000-000000000001", "FR"),
    ("device_id", "6D92078A-8246-4BA4-AE5B-76104861E7DC", "FR"),
    ("device_id", "38400000-8cf0-11bd-b23e-10b96e40000d", "FR"),
    ("device_id", "00000000-0000-0000-0000-000000000000", "FR"),
    ("user_id", "0", "FR"),
    ("user_id", "test", "FR"),
    ("email", "test@test.com", "FR"),
    ("email", "unknown@example.org", "FR"),
    ("email", " Ada.Lovelace@EXAMPLE.org ", "FR"),
    ("email", "ada+shop@example.org", "FR"),
    ("email", "gr\u00e2ce@ex\u00e4mple.org", "FR"),
    ("email", "gra\u0302ce@EXA\u0308MPLE.org", "FR"),
    ("email", "\ufb01@exemple.fr", "FR"),
    ("email", "ada@example", "FR"),
    ("email", "ada@example.org.", "FR"),
    ("email", "ada@127.0.0.1", "FR"),
    ("email", "ada@[127.0.0.1]", "FR"),
    ("email", '"ada lovelace"@example.org', "FR"),
    ("email", "ada..lovelace@example.org", "FR"),
    ("email", "ada@-example.org", "FR"),
    ("email", "ada@exa_mple.org", "FR"),
    ("email", "ada@example\u3002org", "FR"),
    ("email", "@example.org", "FR"),
    ("phone", "06 12 34 56 78", "FR"),
    ("phone", "06\u00a012\u202f34.56-78", "FR"),
    ("phone", "0033 6 12 34 56 78", "FR"),
    ("phone", "+33 (0)6 12 34 56 78", "FR"),
    ("phone", "+33612345678", None),
    ("phone", "0612345678", None),
    ("phone", "0692 12 34 56", "FR"),
    ("phone", "0692 12 34 56", "RE"),
    ("phone", "0690 12 34 56", "FR"),
    ("phone", "0590 12 34 56", "GP"),
    ("phone", "0696 12 34 56", "FR"),
    ("phone", "0694 12 34 56", "FR"),
    ("phone", "0639 01 23 45", "FR"),
    ("phone", "0269 61 23 45", "FR"),
    ("phone", "3631", "FR"),
    ("phone", "112", "FR"),
    ("phone", "0800 FLOWERS", "FR"),
    ("phone", "06 12 34 56 78 ext. 5", "FR"),
    ("phone", "\uff10\uff16\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18", "FR"),
    ("phone", "020 7946 0018", "GB"),
    ("phone", "06 00 00 00 00", "FR"),
    ("phone", "20 12 34", "FR"),
    ("phone", "20 12 34", "NC"),
    ("phone", "40 41 23 45", "PF"),
    ("phone", "72 12 34", "WF"),
    ("phone", "043 01 23", "PM"),
    ("phone", "+508 43 01 23", "FR"),
    ("phone", "+687 20 12 34", "FR"),
    ("postcode", "75001", "FR"),
)


def material(label: str) -> bytes:
    """Give 32 bytes anybody can recompute."""
    return sha256(label.encode()).digest()


def fixed_provider(folder: Path) -> FileKeyProvider:
    """Give a provider whose keys are those of the vectors."""
    keys = {
        name: KeyRecord(use, 1, {1: VersionRecord(MADE_AT, material(name))})
        for name, use in USES.items()
    }
    write_keys(folder / "keys.json", keys, new=True)
    return FileKeyProvider.open(folder / "keys.json", mode="development")


def spelled(kind: str, text: str, region: str | None) -> str | None:
    """Give the canonical form, or ``None`` where it is refused."""
    try:
        return canonical(kind, text, region=region)
    except IdentifierInvalid:
        return None


def vectors(keyring: Keyring) -> dict[str, Any]:
    """Compute every vector but the sealed ones, which hold a random nonce."""
    subject_key = material("subject")
    ids, plain = keyring.message_ids(1), keyring.message_ids(1, by_domain=False)
    return {
        "encoding": {
            "parts": ["pid/v1", "marketing", 0],
            "hex": enc("pid/v1", "marketing", 0).hex(),
        },
        "subject_key": subject_key.hex(),
        "pids": [
            {"domain": domain, "epoch": epoch, "pid": str(pid(subject_key, domain, epoch))}
            for domain in DOMAINS
            for epoch in (0, 1)
        ],
        "deks": [
            {"field": field, "version": version, "hex": dek(subject_key, field, version).hex()}
            for field in ("vault.identifier.sealed", "vault.identifier.sealed_mark")
            for version in (1, 2)
        ],
        "aref": aref(subject_key),
        "marks": [
            {
                "kind": kind,
                "canonical": form,
                "blind_index": keyring.blind_index(kind, form).hex(),
                "tombstone_mark": keyring.tombstone_mark(kind, form).hex(),
            }
            for kind, form in IDENTIFIERS
        ],
        "nested_marks": [
            mark.hex() for mark in keyring.nest(1, keyring.tombstone_marks(IDENTIFIERS))
        ],
        "message_ids": [
            {"source": source, "text": text, "id": plain(source, "", text)}
            for source, text in MESSAGES
        ],
        "message_ids_by_domain": [
            {"source": source, "domain": domain, "text": text, "id": ids(source, domain, text)}
            for source, text in MESSAGES
            for domain in DOMAINS
        ],
        "canonical": [
            {"kind": kind, "text": text, "region": region, "form": spelled(kind, text, region)}
            for kind, text, region in SPELLINGS
        ],
        "variants": [
            {"email": text, "index": keyring.blind_index(*form).hex()}
            for text in VARIANTS
            if (form := common_form("email", text))
        ],
        "public_keys": {name: key.hex() for name, key in keyring.public_keys().items()},
    }


def sealed_vector() -> dict[str, Any]:
    """Seal something once; the test opens it for ever."""
    key = SealingKey("dek:sealed", 1, material("dek"))
    place = Place("vault.identifier", "sealed", material("row"))
    sealed = seal(key, b"ada.lovelace@example.org", place)
    return {"hex": sealed.hex(), "opens_to": open_sealed(key, sealed, place).decode()}


def main() -> None:
    """Write the files, keeping a sealed vector that is there already."""
    with TemporaryDirectory() as folder:
        made = vectors(Keyring(fixed_provider(Path(folder))))
    path = FOLDER / "identified.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    made["sealed"] = known.get("sealed") or sealed_vector()
    path.write_text(json.dumps(made, indent=1, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
