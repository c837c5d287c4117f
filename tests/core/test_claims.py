"""Who has which comment: nobody else gets it, and not for ever."""

from datetime import timedelta
from uuid import UUID

from sqlmodel import select

from service.core import claims, queues, sites
from service.core.db import Database
from service.core.models import Claim, Moderator
from service.core.queues import Queue, Reader, Wanted
from tests.core.crowds import at_once
from tests.core.held import employ, hold


def get(database: Database, moderator: Moderator, site_id: UUID, limit: int = 2) -> set[UUID]:
    """A page of the queue, as the console claims it."""
    wanted = Wanted(Queue.HELD, [site_id], reader=Reader(moderator.id, f"moderator:{moderator.id}"))
    with database.transaction() as session:
        return claims.take(session, moderator.id, queues.page(session, wanted, None, limit))


def test_the_second_moderator_gets_the_next_comments(database: Database, site_id: UUID) -> None:
    mira, leo = employ(database, "mira", site_id), employ(database, "leo", site_id)
    held = [hold(database, site_id).id for _ in range(3)]

    assert get(database, mira, site_id) == set(held[:2])
    assert get(database, leo, site_id) == {held[2]}
    assert get(database, mira, site_id) == set(held[:2])


def test_of_many_who_come_at_once_no_two_get_the_same(postgresql: Database) -> None:
    with postgresql.transaction() as session:
        site_id = sites.create(session, "Treaty blog").id
    crowd = [employ(postgresql, f"m{number}", site_id) for number in range(4)]
    held = [hold(postgresql, site_id) for _ in range(8)]

    def take(number: int) -> set[UUID]:
        with postgresql.transaction() as session:
            return claims.take(session, crowd[number].id, held)

    got = at_once(len(crowd), take)

    assert sum(len(one) for one in got) == len(set().union(*got)) == len(held)


def test_a_claim_ends_when_nobody_renews_it(database: Database, site_id: UUID) -> None:
    mira, leo = employ(database, "mira", site_id), employ(database, "leo", site_id)
    comment = hold(database, site_id)
    get(database, mira, site_id)
    _let_time_pass(database, claims.LEASE + timedelta(seconds=1))

    assert get(database, leo, site_id) == {comment.id}
    assert get(database, mira, site_id) == set()


def test_who_is_still_there_keeps_what_they_have(database: Database, site_id: UUID) -> None:
    mira, leo = employ(database, "mira", site_id), employ(database, "leo", site_id)
    hold(database, site_id)
    get(database, mira, site_id)
    _let_time_pass(database, claims.LEASE / 2)
    with database.transaction() as session:
        claims.renew(session, mira.id)
    _let_time_pass(database, claims.LEASE * 0.9)

    assert get(database, leo, site_id) == set()


def test_who_goes_leaves_everything_to_the_others(database: Database, site_id: UUID) -> None:
    mira, leo = employ(database, "mira", site_id), employ(database, "leo", site_id)
    comment = hold(database, site_id)
    get(database, mira, site_id)
    with database.transaction() as session:
        claims.release(session, mira.id)

    assert get(database, leo, site_id) == {comment.id}


def test_others_are_told_by_name_and_number(database: Database, site_id: UUID) -> None:
    mira, leo = employ(database, "mira", site_id), employ(database, "leo", site_id)
    comment = hold(database, site_id)
    hold(database, site_id)
    get(database, mira, site_id)

    with database.reading() as session:
        assert claims.others(session, [site_id], leo.id) == {"mira": 2}
        assert claims.others(session, [site_id], mira.id) == {}
        assert claims.other_holder(session, comment.id, leo.id) == "mira"
        assert claims.other_holder(session, comment.id, mira.id) is None


def _let_time_pass(database: Database, time: timedelta) -> None:
    with database.transaction() as session:
        for claim in session.exec(select(Claim)):
            claim.until -= time
            session.add(claim)
