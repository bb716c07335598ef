"""Metadata that was set on versions after they were registered, and what the estate is made of."""

from __future__ import annotations

from alembic import op

from decapolis.store.tables import estate, version_notes

revision = "0003a"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables, unless the first release's tables were made just now, they among them."""
    estate.create(op.get_bind(), checkfirst=True)
    version_notes.create(op.get_bind(), checkfirst=True)
