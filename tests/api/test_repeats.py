"""Sending again is harmless: one row however often, the same answer each time."""

import asyncio
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import ASGITransport, AsyncClient, Response
from sqlmodel import func, select

from service.core.models import Comment, OutboxRow, Scope

PATH = "/v1/comments"
COMMENT = {"text": "Thank you, that explains the treaty well."}
BATCH = {"comments": [{"text": f"Comment {number}."} for number in range(20)]}
KEY = {"idempotency-key": "k-1"}


@pytest.fixture
def repeat(app: FastAPI, issue_key: Callable[[Scope], str]) -> Callable[[int, str, dict[str, object]], list[Response]]:
    """Send the same so many times at once."""
    headers = {"authorization": f"Bearer {issue_key(Scope.SUBMIT)}", **KEY}

    async def send(times: int, path: str, body: dict[str, object]) -> list[Response]:
        transport = ASGITransport(app)
        async with AsyncClient(transport=transport, base_url="http://gatepost", headers=headers) as client:
            return await asyncio.gather(*(client.post(path, json=body) for _ in range(times)))

    return lambda times, path, body: asyncio.run(send(times, path, body))


@pytest.fixture
def stored(app: FastAPI) -> Callable[[], tuple[int, int]]:
    """How many comments there are, and how many are to be scored."""

    def count() -> tuple[int, int]:
        with app.state.database.reading() as session:
            rows = [session.exec(select(func.count()).select_from(table)).one() for table in (Comment, OutboxRow)]
        return rows[0], rows[1]

    return count


def test_a_thousand_repeats_at_once_are_one_comment_and_one_answer(
    repeat: Callable[[int, str, dict[str, object]], list[Response]], stored: Callable[[], tuple[int, int]]
) -> None:
    answers = repeat(1000, PATH, dict(COMMENT))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert stored() == (1, 1)


def test_a_batch_that_is_repeated_at_once_is_stored_once(
    repeat: Callable[[int, str, dict[str, object]], list[Response]], stored: Callable[[], tuple[int, int]]
) -> None:
    answers = repeat(10, f"{PATH}/batch", dict(BATCH))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert stored() == (20, 20)


@pytest.mark.parametrize("other", [BATCH["comments"][:5], [*BATCH["comments"], COMMENT], BATCH["comments"][::-1]])
def test_a_key_that_came_with_another_batch_is_a_conflict(
    client: TestClient, stored: Callable[[], tuple[int, int]], other: list[dict[str, str]]
) -> None:
    client.post(f"{PATH}/batch", json=BATCH, headers=KEY)

    answer = client.post(f"{PATH}/batch", json={"comments": other}, headers=KEY)

    assert answer.status_code == 409
    assert stored() == (20, 20)


def test_a_comment_of_a_batch_that_is_known_by_its_external_id_is_given_back(
    client: TestClient, stored: Callable[[], tuple[int, int]]
) -> None:
    known = {**COMMENT, "external_id": "c-1"}
    first = client.post(PATH, json=known).json()["id"]

    answers = [
        client.post(f"{PATH}/batch", json={"comments": [known, COMMENT]}, headers=KEY).json()["comments"]
        for _ in range(2)
    ]

    assert answers[0] == answers[1]
    assert answers[0][0]["id"] == first
    assert stored() == (2, 2)


def test_without_a_key_every_batch_is_new(client: TestClient, stored: Callable[[], tuple[int, int]]) -> None:
    for _ in range(2):
        client.post(f"{PATH}/batch", json=BATCH)

    assert stored() == (40, 40)
