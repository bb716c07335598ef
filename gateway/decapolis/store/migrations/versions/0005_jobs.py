"""Jobs, their steps and their journals."""

from __future__ import annotations

from alembic import op

from decapolis.store.tables import job_journal, job_steps, jobs

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables, unless the first release's tables were made just now, they among them."""
    for table in (jobs, job_steps, job_journal):
        table.create(op.get_bind(), checkfirst=True)
