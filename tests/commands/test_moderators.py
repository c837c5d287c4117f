"""`gatepost moderator`."""

import pytest

from service.core import account_log, moderators, second_factors
from service.core.db import Database
from service.core.models import Role, SecondFactor, utc_now
from tests.commands.conftest import Run

MO = ("mo@example.org", "--site", "Treaty blog", "--name", "Mo", "--password", "a long password")


def _roles(database: Database) -> dict[str, Role]:
    with database.reading() as session:
        joined = moderators.memberships(session, moderators.get(session, "mo@example.org"))
    return {site.name: role for site, role in joined}


def test_a_new_moderator_can_log_in(run: Run, database: Database) -> None:
    run("site", "create", "Treaty blog")

    created = run(
        "moderator",
        "create",
        "Mo@example.org",
        "--site",
        "Treaty blog",
        input="Mo\na long password\na long password\n",
    )

    with database.transaction() as session:
        moderator = moderators.find(session, "mo@example.org")
    assert created.exit_code == 0
    assert "Mo can log in at" in created.stderr
    assert moderators.may_enter(moderator, "a long password")
    assert not moderators.may_enter(moderator, "a wrong password")


def test_a_moderator_of_an_unknown_site_is_not_created(run: Run, database: Database) -> None:
    options = ("--site", "Nowhere", "--name", "Mo", "--password", "a long password")

    refused = run("moderator", "create", "mo@example.org", *options)

    with database.transaction() as session:
        assert moderators.find(session, "mo@example.org") is None
    assert refused.exit_code != 0


def test_a_disabled_moderator_stays_out(run: Run, database: Database) -> None:
    run("site", "create", "Treaty blog")
    run(
        "moderator",
        "create",
        "mo@example.org",
        "--site",
        "Treaty blog",
        "--name",
        "Mo",
        "--password",
        "a long password",
    )

    done = run("moderator", "disable", "Mo@example.org")

    with database.reading() as session:
        moderator = moderators.find(session, "mo@example.org")
    assert done.exit_code == 0
    assert not moderators.may_enter(moderator, "a long password")


def test_a_password_that_is_too_short_makes_no_moderator(run: Run, database: Database) -> None:
    run("site", "create", "Treaty blog")

    refused = run("moderator", "create", *MO[:-1], "eleven char")

    assert str(refused.exception) == "A password has 12 to 1,000 characters."
    with database.reading() as session:
        assert moderators.listed(session) == []


@pytest.mark.parametrize("role", Role)
def test_a_moderator_is_made_with_a_role(run: Run, database: Database, role: Role) -> None:
    run("site", "create", "Treaty blog")

    run("moderator", "create", *MO, "--role", role)

    assert _roles(database) == {"Treaty blog": role}


def test_a_moderator_joins_changes_role_and_leaves(run: Run, database: Database) -> None:
    for name in ("Treaty blog", "Another blog"):
        run("site", "create", name)
    run("moderator", "create", *MO)
    seen = []

    for words in (
        ("join", "mo@example.org", "Another blog", "--role", "viewer"),
        ("join", "Mo@example.org", "Another blog", "--role", "admin"),
        ("leave", "mo@example.org", "Treaty blog"),
    ):
        assert run("moderator", *words).exit_code == 0
        seen.append(_roles(database))

    assert seen == [
        {"Another blog": Role.VIEWER, "Treaty blog": Role.MODERATOR},
        {"Another blog": Role.ADMIN, "Treaty blog": Role.MODERATOR},
        {"Another blog": Role.ADMIN},
    ]


def test_who_is_no_moderator_is_told(run: Run) -> None:
    run("site", "create", "Treaty blog")
    run("site", "create", "Another blog")
    run("moderator", "create", *MO)

    told = [
        str(run("moderator", *words).exception)
        for words in (
            ("join", "nobody@example.org", "Treaty blog"),
            ("leave", "mo@example.org", "Another blog"),
            ("disable", "nobody@example.org"),
        )
    ]

    assert told == [
        "There is no moderator nobody@example.org.",
        "mo@example.org is no moderator of this site.",
        "There is no moderator nobody@example.org.",
    ]


def test_who_has_lost_phone_and_codes_logs_in_by_the_password_again(run: Run, database: Database) -> None:
    run("site", "create", "Treaty blog")
    run("moderator", "create", *MO)
    with database.transaction() as session:
        mo = moderators.get(session, "mo@example.org")
        session.add(SecondFactor(moderator_id=mo.id, secret="", on_since=utc_now()))

    done = run("moderator", "reset-second-factor", "Mo@example.org")
    again = run("moderator", "reset-second-factor", "Mo@example.org")

    assert done.exit_code == 0
    assert str(again.exception) == "Mo has no second factor."
    with database.reading() as session:
        assert not second_factors.is_on(session, mo.id)
        [entry] = account_log.latest(session, [mo.id], 9)
        assert moderators.name_of(session, entry.actor) == "The operator"


def test_moderators_are_listed_with_their_roles(run: Run) -> None:
    run("site", "create", "Treaty blog")
    run("moderator", "create", *MO, "--role", "viewer")

    shown = run("moderator", "list").stdout

    assert "mo@example.org" in shown
    assert "Treaty blog (viewer)" in shown
    assert "argon2" not in shown
