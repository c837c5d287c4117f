"""Indexes of the console: the held queue by what it is sorted and filtered by, its words, and the audit log."""

import sqlalchemy as sa
from alembic import op

from service.migrations import concurrently

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_SORTED_BY = ("rule", "label", "detected_language", "post_id", "severity", "doubt")


def upgrade() -> None:
    held = sa.text("status = 'held'")
    for column in _SORTED_BY:
        columns = ["site_id", column, "id"]
        concurrently.create_index(
            f"ix_comment_held_{column}", "comment", columns, postgresql_where=held, sqlite_where=held
        )
    if op.get_context().dialect.name == "postgresql":
        words = sa.text("to_tsvector('simple'::regconfig, text::text)")
        concurrently.create_index(
            "ix_comment_held_words", "comment", [words], postgresql_using="gin", postgresql_where=held
        )
    concurrently.create_index(op.f("ix_audit_entry_site_id_id"), "audit_entry", ["site_id", "id"])
    concurrently.create_index(op.f("ix_audit_entry_actor_id"), "audit_entry", ["actor", "id"])
    concurrently.create_index(op.f("ix_audit_entry_batch_id"), "audit_entry", ["batch_id"])
    concurrently.drop_index(op.f("ix_audit_entry_site_id"), "audit_entry")


def downgrade() -> None:
    concurrently.create_index(op.f("ix_audit_entry_site_id"), "audit_entry", ["site_id"])
    for name in ("batch_id", "actor_id", "site_id_id"):
        concurrently.drop_index(op.f(f"ix_audit_entry_{name}"), "audit_entry")
    concurrently.drop_index("ix_comment_held_words", "comment")
    for column in reversed(_SORTED_BY):
        concurrently.drop_index(f"ix_comment_held_{column}", "comment")
