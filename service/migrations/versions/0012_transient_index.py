"""An index of the comments that are only asked about, a few at a time: what is left over is looked for."""

import sqlalchemy as sa

from service.migrations import concurrently

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    concurrently.create_index(
        "ix_comment_transient",
        "comment",
        ["id"],
        postgresql_where=sa.text("transient"),
        sqlite_where=sa.text("transient = 1"),
    )


def downgrade() -> None:
    concurrently.drop_index("ix_comment_transient", "comment")
