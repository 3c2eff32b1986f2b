"""The scan finds every form in every kind of column, in PostgreSQL itself."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from urllib.parse import quote

import pytest
from sqlalchemy import Engine, text

from gateway.rights.catalogue import Sought, columns, condition, count_rows
from gateway.rights.needles import identifier_needles, index_needles, pseudonym_needles
from tests.support.builders import ADA, GRACE

PID = uuid.UUID("8234335f-4a9b-8360-baa7-5a45e63d8b76")
INDEX = hashlib.sha256(b"an index").digest()
SOUGHT = Sought(
    (
        *identifier_needles("email", [ADA.email]),
        *identifier_needles("user_id", [ADA.user_id]),
        *pseudonym_needles([PID.bytes]),
        *index_needles([INDEX]),
    ),
    (PID.hex,),
    (7,),
)
TABLE = """
create table store.stray (
  "a text" text, "a:json" jsonb, bytes bytea, pid uuid, texts text[], pids uuid[], number bigint,
  numbers bigint[])"""
FORMS = {
    "clear": ADA.email,
    "upper": ADA.email.upper(),
    "percent": quote(ADA.email, safe=""),
    "in a query": f"/search?q%3D{quote(ADA.email, safe='')}&page=2",
    "base64": base64.b64encode(b"mail=" + ADA.email.encode() + b";").decode(),
    "hex": ADA.email.encode().hex(),
    "md5": hashlib.md5(ADA.email.encode(), usedforsecurity=False).hexdigest(),
    "sha1": hashlib.sha1(ADA.email.encode(), usedforsecurity=False).hexdigest(),
    "sha256": hashlib.sha256(ADA.email.encode()).hexdigest(),
    "user id": f"customer {ADA.user_id}!",
    "pid": str(PID),
    "pid hex": PID.hex,
    "index hex": INDEX.hex(),
}


def met(store_owner: Engine, column: str, value: object, kind: str) -> int:
    """Give how many rows of a stray table with *value* in *column* the scan's question meets."""
    with store_owner.connect() as owner:
        owner.execute(text(TABLE))
        quoted = f'"{column}"'.replace(":", r"\:")
        owner.execute(text(f"insert into store.stray ({quoted}) values (cast(:v as {kind}))"),
                      {"v": value})  # fmt: skip
        owner.execute(text("insert into store.stray default values"))
        found = next(c for c in columns(owner) if (c.table, c.column) == ("stray", column))
        asked = condition(found, SOUGHT, holds_number=column.startswith("number"))
        assert asked is not None
        return count_rows(owner, ("store", "stray"), [asked])[0]


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize(("column", "kind"), [("a text", "text"), ("a:json", "jsonb"),
                                              ("texts", "text[]"), ("bytes", "bytea")])  # fmt: skip
def test_a_form_is_met_in_every_kind_of_column(
    store_owner: Engine, form: str, column: str, kind: str
) -> None:
    said = FORMS[form]
    value: object = {
        "text": said,
        "jsonb": json.dumps({"note": [said]}),
        "text[]": ["other", said],
        "bytea": f"x {said} y".encode(),
    }[kind]
    assert met(store_owner, column, value, kind) == 1


def test_raw_bytes_pseudonyms_and_surrogates_are_met(store_owner: Engine) -> None:
    assert met(store_owner, "bytes", b"..." + PID.bytes, "bytea") == 1


@pytest.mark.parametrize(
    ("column", "value", "kind"),
    [
        ("bytes", INDEX, "bytea"),
        ("bytes", hashlib.sha256(ADA.email.encode()).digest(), "bytea"),
        ("pid", str(PID), "uuid"),
        ("pids", [str(PID)], "uuid[]"),
        ("number", 7, "bigint"),
        ("numbers", [1, 7], "bigint[]"),
    ],
)
def test_typed_values_are_met(store_owner: Engine, column: str, value: object, kind: str) -> None:
    assert met(store_owner, column, value, kind) == 1


@pytest.mark.parametrize(
    ("column", "value", "kind"),
    [
        ("a text", f"{GRACE.email} {ADA.user_id}0 x{ADA.user_id}", "text"),
        ("bytes", GRACE.email.encode(), "bytea"),
        ("pid", str(uuid.UUID(int=3)), "uuid"),
        ("number", 8, "bigint"),
    ],
)
def test_another_persons_values_are_not(
    store_owner: Engine, column: str, value: object, kind: str
) -> None:
    assert met(store_owner, column, value, kind) == 0
