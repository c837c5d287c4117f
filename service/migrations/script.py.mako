"""${message}

The rules: the code of the release before keeps working on the new tables; nothing locks a large table for longer than
a moment (add columns as nullable, build indexes by `concurrently` and in a revision of their own); a column goes one
release after the code that used it.
"""

from alembic import op
import sqlalchemy as sa
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
