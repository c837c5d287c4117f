"""policies."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Without a default: no row is written anew, however many there are.
    op.add_column("comment", sa.Column("post_published_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "shadow",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column(
            "rules",
            sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=True,
        ),
        sa.Column("engine", sa.String(length=100), nullable=True),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_shadow_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shadow")),
        sa.UniqueConstraint("site_id", name=op.f("uq_shadow_site_id")),
    )
    op.create_table(
        "shadow_verdict",
        sa.Column("shadow_id", sa.Uuid(), nullable=False),
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("live_decision", sa.String(length=16), nullable=False),
        sa.Column("live_rule", sa.String(length=64), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column(
            "scores",
            sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.Column("engine", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_shadow_verdict_comment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["shadow_id"], ["shadow.id"], name=op.f("fk_shadow_verdict_shadow_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_shadow_verdict_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("shadow_id", "comment_id", name=op.f("pk_shadow_verdict")),
    )
    op.create_index(op.f("ix_shadow_verdict_comment_id"), "shadow_verdict", ["comment_id"], unique=False)
    op.create_index(op.f("ix_shadow_verdict_site_id"), "shadow_verdict", ["site_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_shadow_verdict_site_id"), table_name="shadow_verdict")
    op.drop_index(op.f("ix_shadow_verdict_comment_id"), table_name="shadow_verdict")
    op.drop_table("shadow_verdict")
    op.drop_table("shadow")
    op.drop_column("comment", "post_published_at")
