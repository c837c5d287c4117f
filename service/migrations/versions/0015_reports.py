"""What readers report, and what is drawn by lot for a human to look at."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.add_column("comment", sa.Column("reports", sa.Integer(), nullable=True))
    op.create_table(
        "report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("reporter", sa.String(length=32), nullable=True),
        sa.Column("at", time, nullable=False),
        sa.Column("answered", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_report_site_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_report_comment_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
        sa.UniqueConstraint("comment_id", "reporter", name=op.f("uq_report_comment_id_reporter")),
    )
    op.create_index(op.f("ix_report_site_id"), "report", ["site_id"])
    op.create_table(
        "spot_check",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(length=32), nullable=True),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("drawn_at", time, nullable=False),
        sa.Column("checked_at", time, nullable=True),
        sa.Column("rejected", sa.Boolean(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_spot_check_comment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_spot_check_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_spot_check")),
    )
    unchecked = sa.text("checked_at IS NULL")
    op.create_index(
        "ix_spot_check_open",
        "spot_check",
        ["site_id", "comment_id"],
        postgresql_where=unchecked,
        sqlite_where=unchecked,
    )
    op.create_index(op.f("ix_spot_check_site_id_checked_at"), "spot_check", ["site_id", "checked_at"])


def downgrade() -> None:
    op.drop_table("spot_check")
    op.drop_table("report")
    op.drop_column("comment", "reports")
