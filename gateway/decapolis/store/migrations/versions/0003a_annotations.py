"""Metadata that was set on versions after they were registered."""

from __future__ import annotations

from alembic import op

from decapolis.store.tables import version_notes

revision = "0003a"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table, unless the first release's tables were made just now, it among them."""
    version_notes.create(op.get_bind(), checkfirst=True)
