"""`gatepost site`."""

from fastapi.testclient import TestClient

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
