"""Keys of Akismet's form, and endpoints that hear of single comments: Akismet's plugin."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "akismet_key",
        sa.Column("key_id", sa.String(length=12), nullable=False),
        sa.Column("fingerprint", sa.Integer(), nullable=False),
        sa.Column("secret", sa.String(length=500), nullable=False),
        sa.Column("blog", sa.String(length=300), nullable=True),
        sa.Column("held_as_spam", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["key.id"], name=op.f("fk_akismet_key_key_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_akismet_key")),
    )
    op.create_index(op.f("ix_akismet_key_fingerprint"), "akismet_key", ["fingerprint"])
    op.add_column("comment", sa.Column("callback_id", sa.Uuid(), nullable=True))
    op.add_column("endpoint", sa.Column("key_id", sa.String(length=12), nullable=True))


def downgrade() -> None:
    # An older version would send them what they do not understand.
    op.execute("DELETE FROM endpoint WHERE key_id IS NOT NULL")
    op.drop_column("endpoint", "key_id")
    op.drop_column("comment", "callback_id")
    op.drop_index(op.f("ix_akismet_key_fingerprint"), table_name="akismet_key")
    op.drop_table("akismet_key")
    # Keys of this form are no bearer keys: nobody could use them.
    op.execute("DELETE FROM key WHERE secret_hash = ''")
