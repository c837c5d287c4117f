"""What a moderator does with one comment. A script asks for the card anew; without one the page comes again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Header, Response
from sqlmodel import Session

from service.console import cards, pages, queue
from service.console.auth import Acting, Visit
from service.console.place import PlaceDep
from service.core import claims, comments, curation, errors, notes, undo
from service.core.comments import Review
from service.core.db import Database
from service.core.models import Category, Comment, NoteKind, Role, Text
from service.web import DatabaseDep

router = APIRouter()

Words = Annotated[Text, Form(max_length=1000)]
Do = Callable[[Session, Comment], None]


class Acted:
    """Someone acts on a comment, from a card: opens the transaction, checks the role, and answers."""

    def __init__(
        self,
        visit: Acting,
        database: DatabaseDep,
        comment_id: UUID,
        place: PlaceDep,
        x_card: Annotated[str | None, Header()] = None,
    ) -> None:
        self.visit = visit
        self._database: Database = database
        self._id = comment_id
        self._place = place
        self._card_alone = x_card is not None

    def by(self, do: Do) -> Response:
        """Raises NotFoundError and ForbiddenError, and ConflictError with words of its own."""
        with self._database.transaction() as session:
            comment = session.get(Comment, self._id)
            if comment is None or comment.site_id not in self.visit.sites:
                raise errors.NotFoundError("There is no such comment at your sites.")
            self.visit.require(Role.MODERATOR, comment.site_id)
            stale = claims.other_holder(session, comment.id, self.visit.moderator.id) is not None
            if not stale:
                try:
                    do(session, comment)
                except comments.MovedOnError:
                    stale = True
        return self._answer(stale=stale)

    def _answer(self, *, stale: bool) -> Response:
        if not self._card_alone:
            return self._place.back(**{"stale" if stale else "decided": self._id})
        with self._database.reading() as session:
            news = queue.told(session, self.visit, self._id, stale=stale)
            shown = cards.of(session, [news["comment"]]) if news["comment"] else []
        place: dict[str, Any] = {"at": self._place.address, "following": self._place.following}
        return pages.show(self.visit, "acted.html", cards=shown, news=news, **place, **queue.CHOICES)


ActedDep = Annotated[Acted, Depends()]
Sequence = Annotated[int, Form()]


def decision(visit: Visit, comment: Comment, category: Category | None, sequence: int) -> Review:
    """The moderator's review, which the blog hears of when the time for undoing it is over."""
    delay = timedelta(seconds=visit.sites[comment.site_id].undo_seconds)
    return Review(visit.actor, category, sequence, delay)


@router.post("/comments/{comment_id}/approve")
def approve(acted: ActedDep, sequence: Sequence) -> Response:
    def do(session: Session, comment: Comment) -> None:
        decide(session, comment, decision(acted.visit, comment, None, sequence))

    return acted.by(do)


@router.post("/comments/{comment_id}/reject")
def reject(acted: ActedDep, sequence: Sequence, category: Annotated[Category, Form()], note: Words = "") -> Response:
    def do(session: Session, comment: Comment) -> None:
        decide(session, comment, decision(acted.visit, comment, category, sequence))
        if category == Category.OTHER and note.strip():
            notes.write(session, comment, NoteKind.REASON, acted.visit.actor, note.strip())

    return acted.by(do)


def decide(session: Session, comment: Comment, review: Review) -> None:
    """Raises MovedOnError when the comment is not what the moderator saw."""
    comments.carry_out(session, comment.site_id, comment.id, review)
    notes.answer(session, [comment.id])
    claims.drop(session, [comment.id])


@router.post("/comments/{comment_id}/escalate")
def escalate(acted: ActedDep, note: Words = "") -> Response:
    return acted.by(_leave_to(acted.visit, NoteKind.ESCALATION, note))


@router.post("/comments/{comment_id}/ask")
def ask(acted: ActedDep, note: Words = "") -> Response:
    return acted.by(_leave_to(acted.visit, NoteKind.SECOND_OPINION, note))


def _leave_to(visit: Visit, kind: NoteKind, note: str) -> Do:
    return lambda session, comment: notes.ask(session, comment, kind, visit.actor, note.strip())


@router.post("/comments/{comment_id}/trust")
def trust_author(acted: ActedDep) -> Response:
    return acted.by(lambda session, comment: curation.trust_author(session, comment, acted.visit.actor))


@router.post("/comments/{comment_id}/block")
def block_author(acted: ActedDep) -> Response:
    return acted.by(lambda session, comment: curation.block_author(session, comment, acted.visit.actor))


@router.post("/comments/{comment_id}/ban")
def ban_domain(acted: ActedDep, domain: Annotated[Text, Form(max_length=300)]) -> Response:
    return acted.by(lambda session, comment: curation.ban_domain(session, comment, acted.visit.actor, domain))


@router.post("/comments/{comment_id}/word")
def add_word(
    acted: ActedDep,
    word: Annotated[Text, Form(max_length=200)],
    words: Annotated[Literal["held_words", "rejected_words"], Form()],
) -> Response:
    return acted.by(lambda session, comment: curation.add_word(session, comment, acted.visit.actor, word, words))


@router.post("/undo")
def undo_last(visit: Acting, database: DatabaseDep, place: PlaceDep) -> Response:
    """Take back what the moderator did last, where they may still decide."""
    with database.transaction() as session:
        entry = undo.last(session, visit.actor, visit.sites_as(Role.MODERATOR))
        found = undo.undo(session, entry, visit.actor) if entry else []
    back = place if not found else type(place)(place.at, found[0].id)
    return back.back(undone=len(found))
