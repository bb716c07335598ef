"""Projections and copies of documents of catalogs."""

from __future__ import annotations

from alembic import op

from decapolis.store.tables import mirrors, projections

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables, unless the first release's tables were made just now, they among them."""
    projections.create(op.get_bind(), checkfirst=True)
    mirrors.create(op.get_bind(), checkfirst=True)
