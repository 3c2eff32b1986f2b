"""What the roles may do is what was decided, to the last column: no more, and no less.

After a deliberate change of ``roles.sql``, read the difference this test prints as a reviewer
would, then write the new matrix:

    python -m tests.integration.test_privileges OWNER_DSN tests/integration/store.privileges.txt
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.postgres import Database
from tests.support.privileges import matrix

FOLDER = Path(__file__).parent


@pytest.mark.parametrize("side", ["store", "vault"])
def test_the_privileges_are_the_golden_matrix(side: str, request: pytest.FixtureRequest) -> None:
    database: Database = request.getfixturevalue(f"{side}_database")
    golden = (FOLDER / f"{side}.privileges.txt").read_text(encoding="utf-8").splitlines()
    assert matrix(database.owner_dsn) == golden


if __name__ == "__main__":
    Path(sys.argv[2]).write_text("\n".join(matrix(sys.argv[1])) + "\n", encoding="utf-8")
