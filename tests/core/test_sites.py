"""Sites: which version of the rules is live."""

from uuid import UUID

import pytest
from sqlmodel import select

from service.core import db, errors, sites
from service.core.db import Database
from service.core.models import PolicyVersion
from service.core.policy import Policy, UnreadablePolicy
from tests.core.crowds import at_once


def test_a_new_site_has_the_default_rules(database: Database, site_id: UUID) -> None:
    with database.reading() as session:
        assert sites.live_policies(session, {site_id}) == {site_id: (1, Policy())}


def test_saved_rules_are_live_as_the_next_version_and_older_ones_stay(database: Database, site_id: UUID) -> None:
    rules = Policy(max_links=0, held_words=["casino"], thresholds={"spam": 0.9})
    with database.transaction() as session:
        saved = sites.put_policy(session, site_id, rules, "Mia")

    with database.reading() as session:
        live = sites.live_policies(session, {site_id})
        kept = session.exec(select(PolicyVersion.version).order_by(PolicyVersion.version)).all()  # type: ignore[arg-type]
    assert (saved.version, saved.created_by) == (2, "Mia")
    assert live == {site_id: (2, rules)}
    assert kept == [1, 2]


def test_a_later_default_reaches_rules_that_left_it_open(database: Database, site_id: UUID) -> None:
    """What a site did not choose is not stored, so that it follows Gatepost's defaults."""
    with database.transaction() as session:
        saved = sites.put_policy(session, site_id, Policy(hold_first_time_authors=True), "Mia")

    assert saved.rules == {"hold_first_time_authors": True}


def test_the_rules_of_several_sites_are_told_apart(database: Database, site_id: UUID, other_site_id: UUID) -> None:
    rules = Policy(max_links=9)
    with database.transaction() as session:
        sites.put_policy(session, other_site_id, rules, "Noor")

    with database.reading() as session:
        live = sites.live_policies(session, {site_id, other_site_id, db.new_id()})

    assert live == {site_id: (1, Policy()), other_site_id: (2, rules)}


def test_no_sites_have_no_rules(database: Database) -> None:
    with database.reading() as session:
        assert sites.live_policies(session, set()) == {}


def test_those_who_save_at_once_make_different_versions(database: Database, site_id: UUID) -> None:
    def save(number: int) -> int:
        with database.transaction() as session:
            return sites.put_policy(session, site_id, Policy(max_links=number), f"moderator {number}").version

    versions = at_once(8, save)

    assert sorted(versions) == list(range(2, 10))


def test_rules_that_cannot_be_read_hold_their_site_alone(
    database: Database, site_id: UUID, other_site_id: UUID
) -> None:
    with database.transaction() as session:
        session.add(PolicyVersion(site_id=site_id, version=2, rules={"max_links": "many"}, created_by="Mia"))

    with database.reading() as session:
        live = sites.live_policies(session, {site_id, other_site_id})

    assert live == {site_id: (2, UnreadablePolicy()), other_site_id: (1, Policy())}
    assert isinstance(live[site_id][1], UnreadablePolicy)
    assert not isinstance(live[other_site_id][1], UnreadablePolicy)


def test_every_version_of_the_rules_can_be_looked_up(database: Database, site_id: UUID, other_site_id: UUID) -> None:
    with database.transaction() as session:
        for links in (7, 8):
            sites.put_policy(session, site_id, Policy(max_links=links), "Mia")

    with database.reading() as session:
        listed = sites.policy_versions(session, site_id, before=None, limit=2)
        rest = sites.policy_versions(session, site_id, before=2, limit=2)
        second, live = sites.policy_version(session, site_id, 2), sites.policy_version(session, site_id)
        with pytest.raises(errors.NotFoundError):
            sites.policy_version(session, other_site_id, 2)

    assert ([row.version for row in listed], [row.version for row in rest]) == ([3, 2], [1])
    assert (second.rules, live.rules) == ({"max_links": 7}, {"max_links": 8})


def test_an_unknown_site_is_answered_with_the_sites_there_are(
    database: Database, site_id: UUID, other_site_id: UUID
) -> None:
    with database.reading() as session:
        assert sites.named(session, "Treaty blog").id == site_id
        with pytest.raises(errors.NotFoundError, match=r"There are: Another blog, Treaty blog\."):
            sites.named(session, "Traety blog")
