"""A new site, made in the console by an admin of the installation."""

import html
import re

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlmodel import select

from service.core import keys, moderators
from service.core.db import Database
from service.core.models import Role, Scope, Site
from tests.console.forms import EMAIL, PASSWORD, csrf_token

PAGE = "/console/sites"


@pytest.fixture
def ada(mira: TestClient, site: Site, db: Database) -> TestClient:
    """The browser of an admin of the only site."""
    with db.transaction() as session:
        moderators.join(session, moderators.get(session, EMAIL), site.id, Role.ADMIN)
    return mira


def create(client: TestClient, name: str) -> Response:
    return client.post(PAGE, data={"csrf_token": csrf_token(client), "name": name})


def names(db: Database) -> list[str]:
    with db.reading() as session:
        return list(session.exec(select(Site.name).order_by(Site.name)))


def test_an_admin_of_every_site_makes_another_and_is_told_the_next_step(
    ada: TestClient, site: Site, db: Database
) -> None:
    page = html.unescape(create(ada, " Quiet <walks> ").text)

    bearers = set(re.findall(r"gp_[a-z0-9]{12}_[\w-]+", page))
    assert len(bearers) == 1
    [bearer] = bearers
    assert f"curl http://127.0.0.1:8000/v1/comments \\\n  -H 'Authorization: Bearer {bearer}'" in page
    with db.reading() as session:
        made = session.get_one(Site, keys.authenticate(session, bearer, Scope.SUBMIT).site_id)
    assert made.name == "Quiet <walks>"
    again = ada.get(f"/console/sites/{made.id}/keys")
    assert again.status_code == 200
    assert bearer not in again.text


def test_whoever_was_an_admin_everywhere_is_one_at_the_new_site(ada: TestClient, site: Site, db: Database) -> None:
    with db.transaction() as session:
        for email, role in (("leo@example.org", Role.ADMIN), ("noor@example.org", Role.MODERATOR)):
            moderators.join(session, moderators.create(session, email, email, PASSWORD), site.id, role)

    create(ada, "Quiet walks")

    with db.reading() as session:
        [made] = session.exec(select(Site).where(Site.name == "Quiet walks"))
        members = {(one.email, role) for one, role in moderators.members(session, made.id)}
    assert members == {(EMAIL, Role.ADMIN), ("leo@example.org", Role.ADMIN)}


def test_an_admin_of_some_sites_makes_none(ada: TestClient, other_site: Site, db: Database) -> None:
    page = ada.get(PAGE).text
    answer = create(ada, "Quiet walks")

    assert "Make a site" not in page
    assert answer.status_code == 403
    assert names(db) == ["Another blog", "Treaty blog"]


def test_a_moderator_makes_none(mira: TestClient, site: Site, db: Database) -> None:
    assert create(mira, "Quiet walks").status_code == 403
    assert names(db) == ["Treaty blog"]


@pytest.mark.parametrize(
    ("name", "status"), [("", 409), (" ", 409), ("Treaty blog", 409), ("x" * 201, 400), ("\0", 400)]
)
def test_what_is_no_new_name_makes_no_site(ada: TestClient, db: Database, name: str, status: int) -> None:
    assert create(ada, name).status_code == status
    assert names(db) == ["Treaty blog"]


def test_a_site_is_made_by_a_form_of_the_session_alone(ada: TestClient, db: Database) -> None:
    assert ada.post(PAGE, data={"csrf_token": "guessed", "name": "Quiet walks"}).status_code == 403
    assert names(db) == ["Treaty blog"]
