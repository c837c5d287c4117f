"""What load balancers and monitoring may rely on."""

from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import select

from service.core.models import OutboxRow, utc_now
from service.core.settings import Settings


@pytest.fixture
def anonymous(app: FastAPI) -> TestClient:
    return TestClient(app)


def test_the_web_process_answers_without_a_key(anonymous: TestClient) -> None:
    answer = anonymous.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_it_is_ready_when_nothing_waits(anonymous: TestClient) -> None:
    answer = anonymous.get("/readyz")

    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert answer.json()["lag_seconds"] == {"score": 0.0, "deliver": 0.0, "learn": 0.0}


@pytest.mark.parametrize(("late", "status"), [(timedelta(seconds=-5), 200), (timedelta(seconds=5), 503)])
def test_it_is_not_ready_when_a_row_has_been_due_for_longer_than_ready_lag(
    anonymous: TestClient, client: TestClient, app: FastAPI, settings: Settings, late: timedelta, status: int
) -> None:
    client.post("/v1/comments", json={"text": "Thank you."})
    with app.state.database.transaction() as session:
        session.exec(select(OutboxRow)).one().due_at = utc_now() - settings.ready_lag - late

    answer = anonymous.get("/readyz")

    assert (answer.status_code, answer.json()["ready"]) == (status, status == 200)
    assert answer.json()["lag_seconds"]["score"] == pytest.approx((settings.ready_lag + late).total_seconds(), abs=4)
