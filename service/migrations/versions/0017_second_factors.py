"""Second factors, where sessions were begun, and what was done with moderators' accounts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import SchemaItem

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
    op.add_column("console_session", sa.Column("user_agent", sa.String(length=300), nullable=False, server_default=""))
    op.add_column("console_session", sa.Column("network", sa.String(length=50), nullable=False, server_default=""))
    op.create_table(
        "pending_login",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        *_moderator("pending_login"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_pending_login")),
    )
    op.create_index(op.f("ix_pending_login_moderator_id"), "pending_login", ["moderator_id"])
    op.create_table(
        "second_factor",
        *_moderator("second_factor"),
        sa.Column("secret", sa.String(length=500), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("on_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("recovery_hashes", json, nullable=False),
        sa.PrimaryKeyConstraint("moderator_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "account_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_moderator("account_entry"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_entry")),
    )
    op.create_index(op.f("ix_account_entry_moderator_id"), "account_entry", ["moderator_id"])


def downgrade() -> None:
    op.drop_table("account_entry")
    op.drop_table("second_factor")
    op.drop_table("pending_login")
    op.drop_column("console_session", "network")
    op.drop_column("console_session", "user_agent")


def _moderator(table: str) -> tuple[SchemaItem, ...]:
    key = op.f(f"fk_{table}_moderator_id")
    return (
        sa.Column("moderator_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["moderator_id"], ["moderator.id"], name=key, ondelete="CASCADE"),
    )
