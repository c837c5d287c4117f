"""An index of the comments that readers have reported: few, whatever else there is."""

import sqlalchemy as sa

from service.migrations import concurrently

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    reported = sa.text("reports IS NOT NULL")
    concurrently.create_index(
        "ix_comment_reported",
        "comment",
        ["site_id", "reports", "id"],
        postgresql_where=reported,
        sqlite_where=reported,
    )


def downgrade() -> None:
    concurrently.drop_index("ix_comment_reported", "comment")
