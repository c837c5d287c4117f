"""Who waits for a decision is told it, all by one query, and is answered in time when there is none."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from service.core import errors, keys
from service.core.admission import Entry
from service.core.db import Database
from service.core.intake import Incoming, Intake
from service.core.models import Comment, Scope, Status
from service.core.settings import Settings
from service.core.submissions import Submission
from service.core.waiting import Waiting
from tests.engines import word_scorer
from tests.servers.waiting import eventually
from workers import scoring

LONG = timedelta(seconds=60)


@pytest.fixture
def settings(migrated_url: str) -> Settings:
    return Settings(database_url=migrated_url, answer_within=LONG, _env_file=None)


@pytest.fixture
def key(database: Database, site_id: UUID) -> str:
    with database.transaction() as session:
        return keys.issue(session, site_id, Scope.SUBMIT)


@pytest.fixture
def score(database: Database, settings: Settings) -> Callable[[], int]:
    return lambda: scoring.score_batch(database, word_scorer(), settings)


@pytest.fixture
def wait(database: Database) -> Iterator[Callable[..., Waiting]]:
    made: list[Waiting] = []

    def create(within: timedelta = LONG) -> Waiting:
        settings = Settings(answer_within=within, _env_file=None)
        made.append(Waiting(database, Intake(database, None), settings))
        return made[-1]

    yield create
    for waiting in made:
        # It may be looking just now.
        waiting._thread.shutdown()


def _incoming(key: str, text: str) -> Incoming:
    return Incoming(Entry(key), Submission(text=text))


@contextmanager
def _selects(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


async def _score_all(score: Callable[[], int], number: int) -> None:
    settled = 0
    while settled < number:
        settled += await asyncio.to_thread(eventually, score)


def test_each_who_waits_is_told_its_own_decision(
    wait: Callable[..., Waiting], key: str, score: Callable[[], int]
) -> None:
    waiting = wait()
    texts = ["A fine day.", "An insult.", "An insult and a threat.", "Another fine day."]

    async def scenario() -> list[Comment]:
        asked = [asyncio.create_task(waiting.submit(_incoming(key, text))) for text in texts]
        await _score_all(score, len(texts))
        return list(await asyncio.gather(*asked))

    told = asyncio.run(scenario())

    assert [comment.text for comment in told] == texts
    assert [comment.status for comment in told] == [Status.APPROVED, Status.HELD, Status.HELD, Status.APPROVED]
    assert all(comment.verdict for comment in told)


def test_when_it_takes_too_long_the_comment_is_pending(wait: Callable[..., Waiting], key: str) -> None:
    waiting = wait(timedelta(seconds=0.1))

    comment = asyncio.run(waiting.submit(_incoming(key, "A fine day.")))

    assert comment.status == Status.PENDING
    assert comment.verdict is None


def test_all_who_wait_are_looked_for_in_one_query(
    database: Database, wait: Callable[..., Waiting], key: str, score: Callable[[], int]
) -> None:
    waiting = wait()
    comments = [asyncio.run(Intake(database, None).submit(_incoming(key, f"Day {number}."))) for number in range(30)]

    async def scenario() -> None:
        until = asyncio.get_running_loop().time() + 60
        asked = [asyncio.create_task(waiting.decided(comment, until)) for comment in comments]
        await asyncio.sleep(0)
        assert len(waiting._waiting) == 30
        with _selects(database) as seen:
            await asyncio.to_thread(eventually, lambda: len(seen) >= 4)
        # The first may have begun before the last has come.
        assert len(set(seen[1:])) == 1
        await _score_all(score, 30)
        await asyncio.gather(*asked)

    asyncio.run(scenario())


def test_while_nobody_waits_nothing_is_asked(wait: Callable[..., Waiting], key: str) -> None:
    waiting = wait(timedelta(seconds=0.1))
    asyncio.run(waiting.submit(_incoming(key, "A fine day.")))

    assert not waiting._waiting
    eventually(lambda: not waiting._running)


def test_who_hangs_up_is_forgotten(wait: Callable[..., Waiting], key: str) -> None:
    waiting = wait()

    async def scenario() -> None:
        asked = asyncio.create_task(waiting.submit(_incoming(key, "A fine day.")))
        await asyncio.to_thread(eventually, lambda: waiting._waiting)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)

    asyncio.run(scenario())

    assert not waiting._waiting


def test_a_database_that_fails_meanwhile_makes_nobody_wait_longer(
    database: Database, wait: Callable[..., Waiting], key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = wait(timedelta(seconds=0.2))

    def fail(_: object) -> list[Comment]:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(waiting, "_find", fail)

    comment = asyncio.run(waiting.submit(_incoming(key, "A fine day.")))

    assert comment.status == Status.PENDING


def test_a_look_that_fails_is_not_the_last(
    database: Database,
    wait: Callable[..., Waiting],
    key: str,
    score: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting = wait()
    find = waiting._find
    looks: list[object] = []

    def fail_once(ids: Collection[UUID]) -> Sequence[Comment]:
        looks.append(ids)
        if len(looks) == 1:
            raise RuntimeError("a bug")
        return find(ids)

    monkeypatch.setattr(waiting, "_find", fail_once)

    async def scenario() -> Comment:
        asked = asyncio.create_task(waiting.submit(_incoming(key, "A fine day.")))
        await asyncio.to_thread(eventually, lambda: looks)
        await _score_all(score, 1)
        return await asked

    assert asyncio.run(scenario()).status == Status.APPROVED


def test_what_is_refused_is_refused_at_once(wait: Callable[..., Waiting], key: str) -> None:
    with pytest.raises(errors.UnauthorizedError):
        asyncio.run(wait().submit(_incoming(f"{key}x", "A fine day.")))
