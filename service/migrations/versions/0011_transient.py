"""Comments that are only asked about: they get a verdict, and are erased at once."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("comment", sa.Column("transient", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    # An older version would take them for comments to decide.
    op.execute("DELETE FROM comment WHERE transient")
    op.drop_column("comment", "transient")
