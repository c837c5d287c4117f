"""Indexes of the outbox that count what is under way to an endpoint. In a backlog it is the largest table."""

import sqlalchemy as sa
from alembic import op

from service.migrations import concurrently

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    concurrently.create_index(op.f("ix_outbox_endpoint_id_due_at"), "outbox", ["endpoint_id", "due_at"])
    claimed = sa.text("lease IS NOT NULL")
    concurrently.create_index(
        op.f("ix_outbox_claimed"), "outbox", ["endpoint_id"], postgresql_where=claimed, sqlite_where=claimed
    )
    concurrently.drop_index(op.f("ix_outbox_endpoint_id"), "outbox")


def downgrade() -> None:
    concurrently.create_index(op.f("ix_outbox_endpoint_id"), "outbox", ["endpoint_id"])
    concurrently.drop_index(op.f("ix_outbox_claimed"), "outbox")
    concurrently.drop_index(op.f("ix_outbox_endpoint_id_due_at"), "outbox")
