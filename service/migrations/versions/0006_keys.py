"""Keys that expire and tell when they were used; failed logins are counted; forms' tokens follow from the session's."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("key", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("key", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "login_throttle",
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_login_throttle")),
    )
    op.create_index(op.f("ix_login_throttle_failed_at"), "login_throttle", ["failed_at"], unique=False)
    op.drop_column("console_session", "csrf_token")


def downgrade() -> None:
    # Whoever is logged in has no token of this kind: they log in again.
    op.execute("DELETE FROM console_session")
    op.add_column("console_session", sa.Column("csrf_token", sa.String(length=64), nullable=False, server_default=""))
    op.drop_index(op.f("ix_login_throttle_failed_at"), table_name="login_throttle")
    op.drop_table("login_throttle")
    op.drop_column("key", "last_used_at")
    op.drop_column("key", "expires_at")
