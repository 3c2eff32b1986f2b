"""Keep which epoch people's pseudonyms are of.

An installation from before this is in epoch 0: no other was ever in use.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

EPOCH = """
INSERT INTO vault.key_in_use (name, version, since, first)
    VALUES ('pid', 0, now(), 0) ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.get_bind().exec_driver_sql(EPOCH)
