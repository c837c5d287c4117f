"""What moderators write to a comment: why it was rejected, in their own words, and what others should look at."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, or_, update
from sqlmodel import Session, col, select

from service.core import audit, claims, comments, db
from service.core.models import AuditEntry, Comment, Note, NoteKind, Status

ACTIONS = {NoteKind.ESCALATION: "escalate", NoteKind.SECOND_OPINION: "ask"}


def write(session: Session, comment: Comment, kind: NoteKind, actor: str, text: str) -> Note:
    note = Note(site_id=comment.site_id, comment_id=comment.id, kind=kind, actor=actor, text=text, at=db.now(session))
    session.add(note)
    return note


def ask(session: Session, comment: Comment, kind: NoteKind, actor: str, text: str) -> None:
    """Leave a held comment to somebody else: an admin, or whoever comes next. Raises MovedOnError for another one."""
    if comment.status != Status.HELD:
        raise comments.MovedOnError
    note = write(session, comment, kind, actor, text)
    audit.record(session, comment, ACTIONS[kind], actor, {"note": str(note.id)})
    claims.drop(session, [comment.id])


def take_back(session: Session, entry: AuditEntry) -> None:
    """Undo what the entry of `ask` tells of."""
    session.execute(delete(Note).where(col(Note.id) == UUID((entry.detail or {})["note"])))


def answer(session: Session, comment_ids: Collection[UUID]) -> None:
    """Somebody has decided these comments."""
    still = update(Note).where(col(Note.comment_id).in_(comment_ids), col(Note.answered_at).is_(None))
    session.execute(still.values(answered_at=db.now(session)), execution_options={"synchronize_session": False})


def on(session: Session, shown: Sequence[Comment]) -> Mapping[UUID, list[Note]]:
    """The notes of each comment, oldest first."""
    found: dict[UUID, list[Note]] = defaultdict(list)
    ids = [comment.id for comment in shown]
    for note in session.exec(select(Note).where(col(Note.comment_id).in_(ids)).order_by(col(Note.id))):
        found[note.comment_id].append(note)
    return found


def is_asked() -> ColumnElement[bool]:
    """The comments that somebody has left to others, who have not decided yet."""
    return col(Comment.id).in_(select(Note.comment_id).where(_open()))


def is_for(actor: str, admin_of: Collection[UUID]) -> ColumnElement[bool]:
    """All comments but those that the moderator has left to others, and those that are left to admins."""
    not_mine = or_(
        and_(col(Note.kind) == NoteKind.SECOND_OPINION, col(Note.actor) == actor),
        and_(col(Note.kind) == NoteKind.ESCALATION, col(Note.site_id).not_in(admin_of)),
    )
    return ~exists().where(col(Note.comment_id) == col(Comment.id), _open(), not_mine)


def _open() -> ColumnElement[bool]:
    return and_(col(Note.kind) != NoteKind.REASON, col(Note.answered_at).is_(None))
