"""Registries and routes that were added at run time, and the seals of the audit trail."""

from __future__ import annotations

from alembic import op

from decapolis.store.tables import audit_cursors, audit_seals, pinned_routes, plugged_registries

revision = "0004"
down_revision = "0003a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables, unless the first release's tables were made just now, they among them."""
    connection = op.get_bind()
    plugged_registries.create(connection, checkfirst=True)
    pinned_routes.create(connection, checkfirst=True)
    audit_cursors.create(connection, checkfirst=True)
    audit_seals.create(connection, checkfirst=True)  # with the triggers that protect the trail
