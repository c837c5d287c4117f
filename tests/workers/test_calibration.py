"""`gatepost calibrate`: which comments it learns from, what it suggests, what it prints and saves."""

import json
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from service.core import sites
from service.core.db import Database
from service.core.labels import LABELS
from service.core.models import Category, PolicyVersion, Site
from service.core.policy import Policy
from tests.workers.histories import review, settled
from workers import calibration, cli

Run = Callable[..., Result]


@pytest.fixture
def run(database: Database, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEPOST_DATABASE_URL", migrated_url)
    return lambda *arguments: CliRunner().invoke(cli.app, ["calibrate", *arguments])


@pytest.fixture
def past(database: Database, site_id: UUID) -> None:
    """150 published comments, 20 held and approved, 10 rejected as toxic, 10 as spam, and some of no use."""
    with database.transaction() as session:
        for number in range(150):
            settled(session, site_id, {"insult": number / 400, "spam": number / 300})
        for number in range(20):
            review(session, settled(session, site_id, {"insult": 0.5 + number / 100}), None)
        for number in range(10):
            review(session, settled(session, site_id, {"insult": 0.6 + number / 50}), Category.TOXIC)
            review(session, settled(session, site_id, {"spam": 0.71 + number / 50}), Category.SPAM)
        review(session, settled(session, site_id, {"insult": 0.9}), Category.OFF_TOPIC)
        settled(session, site_id, {"insult": 0.99})  # held, and nobody has looked
        review(session, settled(session, site_id, engine="older 1"), None)
        settled(session, site_id, engine="words 1, learned 3")


def _site(database: Database, site_id: UUID) -> Site:
    with database.reading() as session:
        return session.get_one(Site, site_id)


@pytest.mark.usefixtures("past")
def test_it_knows_what_humans_decided_and_what_was_published(database: Database, site_id: UUID) -> None:
    known = calibration.gather(database, _site(database, site_id), 30, reviewed_only=False)

    assert (len(known.harmless), known.approved) == (171, 20)
    assert (len(known.toxic), len(known.spam)) == (10, 10)
    assert (known.engine, known.other_engines) == ("words 1", 1)


@pytest.mark.usefixtures("past")
def test_it_may_believe_humans_alone(database: Database, site_id: UUID) -> None:
    known = calibration.gather(database, _site(database, site_id), 30, reviewed_only=True)

    assert len(known.harmless) == known.approved == 20


@pytest.mark.usefixtures("past")
def test_a_suggestion_tells_what_it_holds_and_catches(database: Database, site_id: UUID) -> None:
    known = calibration.gather(database, _site(database, site_id), 30, reviewed_only=False)

    [insult] = calibration.suggest(known, Policy(), ["insult"], 0.05)

    assert insult.threshold == pytest.approx(0.6101 + 0.01, abs=0.011)
    assert (insult.now, insult.false_holds.count, insult.false_holds.of) == (0.5, 8, 171)
    assert insult.limits[0] <= insult.threshold <= insult.limits[1]
    assert (insult.catch.count, insult.catch.of) == (9, 10)


@pytest.mark.usefixtures("past")
def test_it_prints_a_policy_and_says_what_the_comments_are(run: Run, database: Database, site_id: UUID) -> None:
    done = run("Blog", "--false-holds", "5%")

    assert done.exit_code == 0, done.output
    policy = Policy.model_validate_json(done.stdout)
    assert policy.thresholds.keys() == set(LABELS)
    assert "nobody reported" in done.stderr
    assert "171 harmless comments (20 that a human approved" in " ".join(done.stderr.split())
    with database.reading() as session:
        assert sites.policy_version(session, site_id).version == 1


@pytest.mark.usefixtures("past")
def test_it_saves_what_it_suggests_and_leaves_the_other_rules(run: Run, database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        sites.put_policy(session, site_id, Policy(max_links=9, thresholds={"threat": 0.9}), "Mia")

    done = run("Blog", "--false-holds", "0.05", "--label", "insult", "--save")

    with database.reading() as session:
        saved = sites.policy_version(session, site_id)
    assert (saved.version, saved.created_by) == (3, "calibrate")
    assert saved.rules == json.loads(done.stdout)
    assert saved.rules["max_links"] == 9
    assert saved.rules["thresholds"].keys() == {"threat", "insult"}
    assert saved.rules["thresholds"]["threat"] == 0.9


@pytest.mark.usefixtures("past")
def test_too_little_history_is_refused_with_what_to_do(run: Run) -> None:
    refused = run("Blog", "--false-holds", "1%")

    assert refused.exit_code == 1
    told = " ".join(refused.stderr.split())
    assert "171 harmless comments are known; to hold 1.0% of them 300 are needed at least." in told
    assert "with these: 1.8%" in told
    assert refused.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("Blgo",), "There is no site “Blgo”. There are: Blog."),
        (("Blog", "--false-holds", "80%"), "--false-holds is a share such as"),
        (("Blog", "--false-holds", "few"), "--false-holds is a share such as"),
        (("Blog", "--label", "rude"), "There is no label rude."),
    ],
)
def test_what_it_cannot_do_is_told_in_a_line(run: Run, site_id: UUID, arguments: tuple[str, ...], told: str) -> None:
    refused = run(*arguments)

    assert refused.exit_code in {1, 2}
    assert told in " ".join(refused.stderr.replace("│", " ").split())


def test_rules_that_cannot_be_read_are_not_built_upon(run: Run, database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        session.add(PolicyVersion(site_id=site_id, version=2, rules={"gone": 1}, created_by="Mia"))

    refused = run("Blog")

    assert refused.exit_code == 1
    assert "Version 2 of this site's policy cannot be read" in refused.stderr
