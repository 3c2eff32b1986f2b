"""Let a link be undone, say by which call it was asserted, and find the variants of an address.

Columns without a default that has to be written take no time whatever the size of a table; the
index over them is empty when it is made.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE vault.identifier
    ADD COLUMN IF NOT EXISTS variant_index bytea,
    ADD COLUMN IF NOT EXISTS source integer;
ALTER TABLE vault.link
    ADD COLUMN IF NOT EXISTS asserted text,
    ADD COLUMN IF NOT EXISTS undone_at timestamptz,
    ADD COLUMN IF NOT EXISTS undone_case uuid;
"""

INDEX = """
CREATE INDEX IF NOT EXISTS identifier_variant ON vault.identifier (variant_index)
    WHERE variant_index IS NOT NULL
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute(COLUMNS)
    # Not concurrently, which no transaction can: every row it reads has NULL there.
    op.execute(INDEX)
