"""`gatepost key`."""

from datetime import datetime, timedelta

from fastapi.testclient import TestClient

from service.core import keys
from tests.commands.conftest import Run


def test_another_key_has_the_scope_it_was_made_for(run: Run, client: TestClient) -> None:
    run("site", "create", "Treaty blog")

    key = run("key", "create", "Treaty blog", "--scope", "read").stdout.strip()

    headers = {"authorization": f"Bearer {key}"}
    statuses = [
        client.get("/v1/site", headers=headers).status_code,
        client.post("/v1/comments", json={"text": "x"}, headers=headers).status_code,
    ]
    assert statuses == [200, 403]


def test_a_key_for_an_unknown_site_is_answered_with_the_sites_there_are(run: Run) -> None:
    run("site", "create", "Treaty blog")
    run("site", "create", "Another blog")

    refused = run("key", "create", "Traety blog")

    assert refused.exit_code != 0
    assert "There is no site “Traety blog”. There are: Another blog, Treaty blog." in refused.stderr


def test_a_key_without_any_site_is_answered_with_the_command_that_makes_one(run: Run) -> None:
    assert "`gatepost site create NAME`" in run("key", "create", "Treaty blog").stderr


def test_a_revoked_key_opens_nothing(run: Run, client: TestClient) -> None:
    key = run("site", "create", "Treaty blog").stdout.strip()

    done = run("key", "revoke", key.split("_")[1])

    assert done.exit_code == 0
    assert client.get("/v1/site", headers={"authorization": f"Bearer {key}"}).status_code == 401


def test_a_key_may_expire(run: Run, client: TestClient) -> None:
    run("site", "create", "Treaty blog")

    key = run("key", "create", "Treaty blog", "--scope", "admin", "--days", "30").stdout.strip()

    listed = client.get("/v1/keys", headers={"authorization": f"Bearer {key}"}).json()
    expires, created = (datetime.fromisoformat(listed[0][name]) for name in ("expires_at", "created_at"))
    assert expires - created == timedelta(days=30)


def test_keys_are_listed_without_their_secrets(run: Run, client: TestClient) -> None:
    first = run("site", "create", "Treaty blog").stdout.strip()
    second = run("key", "create", "Treaty blog", "--name", "the [red]blog").stdout.strip()
    run("key", "revoke", keys.public_id(second))

    shown = run("key", "list", "Treaty blog")

    lines = shown.stdout.splitlines()
    assert (shown.exit_code, len(lines)) == (0, 3)
    assert keys.public_id(second) in lines[1]
    assert "the [red]blog" in lines[1]
    assert not lines[1].rstrip().endswith("-")
    assert "first key" in lines[2]
    assert lines[2].rstrip().endswith("-")
    for key in (first, second):
        assert key.split("_", 2)[2] not in shown.stdout
