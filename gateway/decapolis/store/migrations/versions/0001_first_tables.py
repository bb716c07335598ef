"""The tables of the first release."""

from __future__ import annotations

from alembic import op

from decapolis.store.tables import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes every table of the first release."""
    metadata.create_all(op.get_bind())
