"""`gatepost backtest`: what another policy would have decided, told as a difference, and nothing changed by asking."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col, select
from typer.testing import CliRunner, Result

from service.core import comments, db, policy, submissions
from service.core.comments import Settlement
from service.core.db import Database
from service.core.models import Category, Comment, Site
from service.core.policy import Policy
from service.core.submissions import Submission
from tests.engines import word_scorer
from tests.workers.histories import review, settled
from workers import backtest, cli
from workers.backtest import Backtest

Run = Callable[..., Result]


@pytest.fixture
def run(database: Database, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`gatepost backtest Blog` on a file with this policy."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEPOST_DATABASE_URL", migrated_url)

    def run(policy: str, *options: str, site: str = "Blog") -> Result:
        (tmp_path / "policy.json").write_text(policy, encoding="utf-8")
        return CliRunner().invoke(cli.app, ["backtest", site, "policy.json", *options])

    return run


def _run(database: Database, site_id: UUID, **options: Any) -> Backtest:
    rules = options.pop("rules", {})
    with database.reading() as session:
        site = session.get_one(Site, site_id)
    return backtest.run(database, site, Policy(**rules), **{"days": 30, "samples": 5, **options})


def _moves(found: Backtest) -> dict[tuple[str, str], int]:
    return {(move.live, move.other): move.comments for move in found.decisions}


def test_the_same_policy_decides_the_same(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        for scores in ({}, {"insult": 0.9}, {"spam": 0.8}):
            settled(session, site_id, scores)

    found = _run(database, site_id)

    assert _moves(found) == {("approve", "approve"): 1, ("hold", "hold"): 2}
    assert (found.comments, found.changed, found.rules, found.samples, found.policy) == (3, 0, [], [], [])


def test_another_policy_is_told_by_decisions_by_rules_and_by_samples(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        settled(session, site_id, {"insult": 0.9})
        settled(session, site_id, {"insult": 0.6})
        casino = settled(session, site_id, text="A casino.")

    found = _run(
        database,
        site_id,
        rules={"thresholds": {"insult": 0.8}, "reject_at": {"insult": 0.85}, "held_words": ["casino"]},
    )

    assert _moves(found) == {("hold", "reject"): 1, ("hold", "approve"): 1, ("approve", "hold"): 1}
    assert {(move.live, move.other) for move in found.rules} == {
        ("toxicity", "toxicity"),
        ("toxicity", "none"),
        ("none", "held_word"),
    }
    assert {change.rule for change in found.policy} == {"thresholds.insult", "reject_at.insult", "held_words"}
    [sample] = [sample for sample in found.samples if sample.other_rule == "held_word"]
    assert (sample.comment_id, sample.excerpt) == (str(casino.id), "A casino.")
    assert sample.reasons == ["Contains “casino”, which is on this site's word list."]


def test_samples_are_the_newest_of_each_change(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        ids = [str(settled(session, site_id, text=f"casino {number}").id) for number in range(4)]

    found = _run(database, site_id, rules={"held_words": ["casino"]}, samples=2)

    assert [sample.comment_id for sample in found.samples] == [ids[3], ids[2]]


def test_agreement_with_humans_is_counted_where_they_decided(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        review(session, settled(session, site_id, {"insult": 0.6}), None)
        review(session, settled(session, site_id, {"insult": 0.9}), Category.TOXIC)
        settled(session, site_id)

    found = _run(database, site_id, rules={"thresholds": {"insult": 0.8}})

    assert (found.live_agrees_with_humans.count, found.live_agrees_with_humans.of) == (1, 2)
    assert (found.other_agrees_with_humans.count, found.other_agrees_with_humans.of) == (2, 2)


def test_an_author_is_as_new_as_they_were(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        for _ in range(3):
            settled(session, site_id, author_email="aiko@example.org")

    found = _run(database, site_id, rules={"hold_first_time_authors": True})

    assert _moves(found) == {("approve", "hold"): 1, ("approve", "approve"): 2}


def test_only_the_wanted_days_of_the_wanted_site_are_looked_at(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        old = settled(session, site_id)
        settled(session, site_id)
        session.execute(
            update(Comment).where(col(Comment.id) == old.id).values(created_at=db.now(session) - timedelta(days=8))
        )

    assert (_run(database, site_id, days=7).comments, _run(database, site_id, days=9).comments) == (1, 2)


def test_more_comments_than_a_chunk_are_all_seen(
    database: Database, site_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.past._CHUNK", 2)
    with database.transaction() as session:
        for _ in range(5):
            settled(session, site_id)

    assert _run(database, site_id).comments == 5


def test_what_was_not_scored_is_left_out_and_counted(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        comment = submissions.submit(session, site_id, Submission(text="x"))
        comments.settle(session, [Settlement(comment.id, 1, policy.unscored("The scorer is away."))])

    found = _run(database, site_id)

    assert (found.comments, found.unscored) == (0, 1)


def test_comments_can_be_scored_anew(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        settled(session, site_id, text="an insult")

    found = _run(database, site_id, scorer=word_scorer())

    assert _moves(found) == {("approve", "hold"): 1}
    assert found.notes == list(backtest.RESCORED)


def test_asking_changes_nothing(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        settled(session, site_id, {"insult": 0.9})
    with database.reading() as session:
        before = session.exec(select(Comment)).one().model_dump()

    _run(database, site_id, rules={"thresholds": {"insult": 1}})

    with database.reading() as session:
        assert session.exec(select(Comment)).one().model_dump() == before


def test_programs_get_json(run: Run, database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        settled(session, site_id, text="A casino.")

    done = run('{"held_words": ["casino"]}', "--json")

    assert done.exit_code == 0, done.output
    found = Backtest.model_validate_json(done.stdout)
    assert (found.comments, found.changed) == (1, 1)
    assert json.loads(done.stdout)["samples"][0]["other_rule"] == "held_word"


def test_people_get_tables_that_a_comment_cannot_steer(run: Run, database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        settled(session, site_id, text="casino \x1b[2J [red]loud[/red] \u202e")

    done = run('{"held_words": ["casino"]}')

    assert done.exit_code == 0, done.output
    assert "1 comments of the last 30 days, 1 decided otherwise" in done.stdout
    assert "held_words: +casino" in done.stdout
    assert "[red]loud[/red]" in done.stdout
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    assert backtest.KEPT[0] in done.stdout


@pytest.mark.parametrize(
    ("rules", "site", "told"),
    [
        ("{}", "Blgo", "There is no site “Blgo”. There are: Blog."),
        ('{"max_links": -1}', "Blog", "max_links"),
        ('{"links": 1}', "Blog", "links: Extra inputs are not permitted"),
        ("not json", "Blog", "is no policy"),
    ],
)
def test_what_it_cannot_do_is_told_in_a_line(run: Run, site_id: UUID, rules: str, site: str, told: str) -> None:
    refused = run(rules, site=site)

    assert refused.exit_code in {1, 2}
    assert told in " ".join(refused.stderr.replace("│", " ").split())
    assert "Traceback" not in refused.output
