"""Native versions of registries that have no integer ids."""

from __future__ import annotations

from alembic import op

from decapolis.store.tables import overlaid

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table, unless the first release's tables were made just now, it among them."""
    overlaid.create(op.get_bind(), checkfirst=True)
