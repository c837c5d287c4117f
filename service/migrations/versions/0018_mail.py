"""Who wants digests, and mails that are owed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
    op.create_table(
        "digest",
        sa.Column("moderator_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("frequency", sa.String(length=16), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        *_owners("digest"),
        sa.PrimaryKeyConstraint("moderator_id", "site_id", name=op.f("pk_digest")),
    )
    op.create_table(
        "mail",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("moderator_id", sa.Uuid(), nullable=True),
        sa.Column("about", json, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        *_owners("mail"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
    )
    for column in ("site_id", "moderator_id", "due_at"):
        op.create_index(op.f(f"ix_mail_{column}"), "mail", [column])


def downgrade() -> None:
    op.drop_table("mail")
    op.drop_table("digest")


def _owners(table: str) -> list[sa.ForeignKeyConstraint]:
    """What takes its rows away with it."""
    return [
        sa.ForeignKeyConstraint(
            [f"{owner}_id"], [f"{owner}.id"], name=op.f(f"fk_{table}_{owner}_id"), ondelete="CASCADE"
        )
        for owner in ("moderator", "site")
    ]
