"""`gatepost site`."""

import pytest
from fastapi.testclient import TestClient

from service.core import sites
from tests.commands.conftest import Run


def test_a_new_site_s_key_works(run: Run, client: TestClient) -> None:
    created = run("site", "create", "Treaty blog")

    answer = client.get("/v1/site", headers={"authorization": f"Bearer {created.stdout.strip()}"})
    assert created.exit_code == 0
    assert answer.json()["name"] == "Treaty blog"


def test_two_sites_cannot_have_one_name(run: Run) -> None:
    run("site", "create", "Treaty blog")

    refused = run("site", "create", "Treaty blog")

    assert "There is a site “Treaty blog” already." in str(refused.exception)


def test_the_window_for_undoing_is_set(run: Run, client: TestClient) -> None:
    run("site", "create", "Treaty blog")

    done = run("site", "undo-window", "Treaty blog", "30")

    assert done.exit_code == 0
    with client.app.state.database.reading() as session:  # type: ignore[attr-defined]
        assert sites.named(session, "Treaty blog").undo_seconds == 30


@pytest.mark.parametrize("seconds", ["-1", "601", "soon"])
def test_a_window_that_makes_no_sense_is_refused(run: Run, seconds: str) -> None:
    run("site", "create", "Treaty blog")

    assert run("site", "undo-window", "Treaty blog", "--", seconds).exit_code != 0
