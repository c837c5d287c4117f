"""A site's rules as a form: what it shows is what holds, and what is wrong is said beside its field."""

import html
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from service.console import rules_form
from service.core import sites
from service.core.db import Database
from service.core.models import Site
from service.core.policy import Policy
from tests.console.test_administration import ada, send

__all__ = ["ada"]

EVERYTHING = Policy.model_validate(
    {
        "thresholds": {"insult": 0.29, "spam": 0.655},
        "reject_at": {"threat": 0.95},
        "discard_at": {"spam": 0.99},
        "unsure": "hold",
        "unsure_margin": 0.05,
        "held_words": ["buy gold", "casino*"],
        "rejected_words": ["pills.example"],
        "max_links": 0,
        "trusted_authors": ["aiko@example.org"],
        "blocked_authors": ["user-666"],
        "trust_after_approved": 5,
        "hold_first_time_authors": True,
        "hold_after_reports": 3,
        "check_share": 0.01,
        "closed_posts": ["post-9"],
        "closed_after_days": 30,
        "closed": "reject",
        "allowed_languages": ["en", "ja"],
        "unjudged": "pass",
    }
)


def test_the_form_has_every_rule_and_gives_it_back() -> None:
    assert EVERYTHING.model_dump(exclude_defaults=True).keys() == Policy.model_fields.keys()

    assert Policy.model_validate(rules_form.rules(rules_form.fields(EVERYTHING))) == EVERYTHING


def test_empty_fields_are_the_defaults() -> None:
    empty = dict.fromkeys(rules_form.fields(EVERYTHING), " ")

    assert Policy.model_validate(rules_form.rules(empty)) == Policy()


@pytest.mark.parametrize("written", ["65.5", "65,5", "65.5 %", " 65.5"])
def test_percent_is_read_as_people_write_it(written: str) -> None:
    assert rules_form.rules({"thresholds.insult": written})["thresholds"] == {"insult": 0.655}


@pytest.mark.parametrize(
    ("field", "written", "words"),
    [
        ("thresholds.insult", "101", "This must be 100 % at most."),
        ("thresholds.insult", "nan", "This must be 100 % at most."),
        ("thresholds.insult", "much", "This is no number."),
        ("reject_at.threat", "30", "This must be 50 % at least."),
        ("max_links", "-1", "This must be 0 at least."),
        ("max_links", "1.5", "This is no whole number."),
        ("trust_after_approved", "0", "This must be 1 at least."),
        ("held_words", "gold\n*", "Line 2: This cannot be an entry here."),
        ("rejected_words", "x" * 201, "Line 1: An entry has 200 characters at most."),
        ("allowed_languages", "en\nGerman", "Line 2: This cannot be an entry here."),
        ("closed_posts", "\n".join(map(str, range(5001))), "There are 5000 entries at most."),
    ],
)
def test_what_is_wrong_is_said_of_its_field(field: str, written: str, words: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Policy.model_validate(rules_form.rules({field: written}))

    assert rules_form.problems(raised.value, str) == {field: words}


def test_a_change_is_shown_before_it_is_saved(ada: TestClient, site: Site, db: Database) -> None:
    page = send(ada, site, "/rules/preview", version=1, max_links="0", held_words="<gold>\n\nbuy now").text

    assert "<code>max_links</code>: 5 → 0" in page
    assert "<ins>+&lt;gold&gt;</ins> <ins>+buy now</ins>" in page
    assert _live(db, site) == {}
    assert send(ada, site, "/rules", version=1, rules=_hidden(page)).status_code == 303
    assert _live(db, site) == {"max_links": 0, "held_words": ["<gold>", "buy now"]}


def test_what_is_wrong_stays_in_the_form_with_the_reason(ada: TestClient, site: Site, db: Database) -> None:
    page = send(ada, site, "/rules/preview", version=1, max_links="many", held_words="<gold>").text

    assert re.search(r'name="max_links" value="many"[^>]*aria-invalid="true" aria-describedby=" wrong-max_links"', page)
    assert 'id="wrong-max_links">This is no whole number.<' in page
    assert "&lt;gold&gt;</textarea>" in page
    assert _live(db, site) == {}


def test_json_is_shown_before_it_is_saved_too(ada: TestClient, site: Site) -> None:
    page = send(ada, site, "/rules/preview", version=1, rules='{"max_links": 1}', max_links="7").text

    assert "<code>max_links</code>: 5 → 1" in page
    assert "max_links: Input should be" in send(ada, site, "/rules/preview", version=1, rules='{"max_links": []}').text


def test_who_was_slower_does_not_overwrite_what_another_has_saved(ada: TestClient, site: Site, db: Database) -> None:
    send(ada, site, "/rules", version=1, rules='{"max_links": 1}')

    answer = send(ada, site, "/rules", version=1, rules='{"max_links": 2}')

    assert answer.status_code == 409
    assert "Somebody has saved other rules meanwhile" in answer.text
    assert _live(db, site) == {"max_links": 1}


def test_long_lists_fit_into_the_form(ada: TestClient, site: Site, db: Database) -> None:
    words = [f"word number {number} of the list" for number in range(5000)]

    page = send(ada, site, "/rules/preview", version=1, held_words="\n".join(words)).text

    assert send(ada, site, "/rules", version=1, rules=_hidden(page)).status_code == 303
    assert _live(db, site) == {"held_words": words}


def _live(db: Database, site: Site) -> dict[str, Any]:
    with db.reading() as session:
        return sites.policy_version(session, site.id).rules


def _hidden(page: str) -> str:
    found = re.search(r'name="rules" value="([^"]*)"', page)
    assert found
    return html.unescape(found[1])
