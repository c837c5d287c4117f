"""Keys of Coral's external moderation phases."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "coral_key",
        sa.Column("key_id", sa.String(length=12), nullable=False),
        sa.Column("secret", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["key.id"], name=op.f("fk_coral_key_key_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_coral_key")),
    )


def downgrade() -> None:
    # No bearer opens them: without their secrets they are nothing.
    op.execute("DELETE FROM key WHERE id IN (SELECT key_id FROM coral_key)")
    op.drop_table("coral_key")
