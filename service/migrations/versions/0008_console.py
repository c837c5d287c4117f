"""The moderators' console: claims, notes, saved views, preferences, undoing, and what the queue is sorted by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# The verdicts of comments that wait for a human just now: few beside all others.
_FACTS = {
    "postgresql": """
        UPDATE comment SET
            rule = verdict->>'rule',
            detected_language = verdict->>'language',
            label = (SELECT key FROM jsonb_each_text(verdict->'scores') ORDER BY value::float DESC LIMIT 1),
            severity = coalesce((SELECT max(value::float) FROM jsonb_each_text(verdict->'scores')), 0),
            doubt = coalesce((SELECT 1 - abs(2 * max(value::float) - 1) FROM jsonb_each_text(verdict->'scores')), 1)
        WHERE status = 'held'""",
    "sqlite": """
        UPDATE comment SET
            rule = json_extract(verdict, '$.rule'),
            detected_language = json_extract(verdict, '$.language'),
            label = (SELECT key FROM json_each(verdict, '$.scores') ORDER BY value DESC LIMIT 1),
            severity = coalesce((SELECT max(value) FROM json_each(verdict, '$.scores')), 0),
            doubt = coalesce((SELECT 1 - abs(2 * max(value) - 1) FROM json_each(verdict, '$.scores')), 1)
        WHERE status = 'held'""",
}


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _owner(table: str, owner: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{owner}_id")
    return sa.ForeignKeyConstraint([f"{owner}_id"], [f"{owner}.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    # Constants for a default: no row is written anew, however many there are.
    op.add_column("site", sa.Column("undo_seconds", sa.Integer(), nullable=False, server_default="10"))
    json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
    op.add_column("moderator", sa.Column("preferences", json, nullable=False, server_default="{}"))
    op.add_column("audit_entry", sa.Column("batch_id", sa.Uuid(), nullable=True))
    op.add_column("audit_entry", _time("undone_at", nullable=True))
    op.add_column("comment", sa.Column("rule", sa.String(length=64), nullable=True))
    op.add_column("comment", sa.Column("label", sa.String(length=32), nullable=True))
    op.add_column("comment", sa.Column("detected_language", sa.String(length=35), nullable=True))
    op.add_column("comment", sa.Column("severity", sa.Float(), nullable=True))
    op.add_column("comment", sa.Column("doubt", sa.Float(), nullable=True))
    op.execute(_FACTS[op.get_context().dialect.name])
    op.create_table(
        "claim",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("moderator_id", sa.Uuid(), nullable=False),
        _time("until"),
        _owner("claim", "comment"),
        _owner("claim", "site"),
        _owner("claim", "moderator"),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_claim")),
    )
    op.create_table(
        "note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("text", sa.String(length=1000), nullable=False),
        _time("at"),
        _time("answered_at", nullable=True),
        _owner("note", "comment"),
        _owner("note", "site"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("moderator_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("address", sa.String(length=2000), nullable=False),
        _time("created_at"),
        _owner("saved_view", "moderator"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
    )
    for table, column in (
        ("claim", "site_id"),
        ("claim", "moderator_id"),
        ("note", "site_id"),
        ("note", "comment_id"),
        ("saved_view", "moderator_id"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def downgrade() -> None:
    for table in ("saved_view", "note", "claim"):
        op.drop_table(table)
    for column in ("doubt", "severity", "detected_language", "label", "rule"):
        op.drop_column("comment", column)
    op.drop_column("audit_entry", "undone_at")
    op.drop_column("audit_entry", "batch_id")
    op.drop_column("moderator", "preferences")
    op.drop_column("site", "undo_seconds")
