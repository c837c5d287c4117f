"""near duplicates."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imprint",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_imprint_comment_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_imprint_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("comment_id", "hash", name=op.f("pk_imprint")),
    )
    op.create_index(op.f("ix_imprint_hash_created_at"), "imprint", ["hash", "created_at"], unique=False)
    op.create_index(op.f("ix_imprint_site_id"), "imprint", ["site_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_imprint_site_id"), table_name="imprint")
    op.drop_index(op.f("ix_imprint_hash_created_at"), table_name="imprint")
    op.drop_table("imprint")
