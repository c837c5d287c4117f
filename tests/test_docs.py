"""What the documents show is true: README's requests run, and the table of settings is the code's."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from service.compat import openai
from service.core import policy, text
from service.core.labels import LABELS
from service.core.perspective import ATTRIBUTES
from service.core.policy import Evidence, Policy
from service.core.settings import Settings
from tests.journey import deployment as deployments
from tests.journey.deployment import Deployment
from tests.servers.receiver import Receiver

ROOT = Path(__file__).parents[1]
EXAMPLE = re.compile(r"<!-- runs as a test -->\n```sh\n(.*?)```\n```json\n(.*?)```", re.DOTALL)

# A policy, and what it makes of comments.
POLICY_EXAMPLE = re.compile(r"```json\n(.*?)```\n\n(\| comment \|.*?)\n\n", re.DOTALL)


@pytest.fixture
def gatepost(tmp_path: Path, receiver: Receiver) -> Iterator[Deployment]:
    with deployments.embedded(tmp_path, receiver) as deployment:
        deployment.start()
        yield deployment


def assert_shows(shown: Any, real: Any) -> None:
    """What is shown is there; “…” stands for anything, and more may be there."""
    if isinstance(shown, dict):
        for name, value in shown.items():
            assert_shows(value, real[name])
    elif isinstance(shown, list):
        assert len(shown) == len(real)
        for one, other in zip(shown, real, strict=True):
            assert_shows(one, other)
    elif shown != "…":
        assert shown == real


@pytest.mark.parametrize(
    ("document", "number"), [("README.md", 5), ("docs/migrating-from-perspective.md", 1), ("docs/openai.md", 1)]
)
def test_the_requests_of_a_document_get_the_answers_it_shows(gatepost: Deployment, document: str, number: int) -> None:
    examples = EXAMPLE.findall((ROOT / document).read_text(encoding="utf-8"))
    environment = {**os.environ, "GATEPOST": gatepost.url, "KEY": gatepost.key}

    for command, shown in examples:
        done = subprocess.run(["bash", "-euc", command], env=environment, capture_output=True, check=True, timeout=20)
        assert_shows(json.loads(shown), json.loads(done.stdout))

    assert len(examples) == number


def test_the_guide_names_the_label_of_every_attribute_of_perspective() -> None:
    guide = (ROOT / "docs/migrating-from-perspective.md").read_text(encoding="utf-8")

    shown = dict(re.findall(r"^\| `([A-Z_]+)` \| `(\w+)` \|$", guide, re.MULTILINE))
    assert shown | {f"{name}_EXPERIMENTAL": shown[name] for name in list(shown)[:6]} == ATTRIBUTES


def test_the_page_names_the_label_of_every_category_of_openai() -> None:
    page = (ROOT / "docs/openai.md").read_text(encoding="utf-8")

    assert dict(re.findall(r"^\| `([a-z/]+)` \| `(\w+)` \|$", page, re.MULTILINE)) == openai._LABELS


def test_the_webhook_that_the_docs_show_has_the_fields_of_a_real_one(gatepost: Deployment, receiver: Receiver) -> None:
    shown = json.loads(re.findall(r"```json\n(.*?)```", (ROOT / "docs/webhooks.md").read_text(), re.DOTALL)[0])

    with gatepost.client() as client:
        client.post("/v1/comments", json={"text": "You are a worthless idiot."})
    [request] = receiver.wait_for(lambda requests: len(requests) == 1)

    assert shown.keys() == request.json.keys()
    assert shown["data"].keys() == request.json["data"].keys()


@pytest.mark.parametrize(
    ("rules", "shown", "decision", "rule"),
    [
        (rules, *row)
        for rules, table in POLICY_EXAMPLE.findall((ROOT / "docs/policies.md").read_text(encoding="utf-8"))
        for row in re.findall(r"^\| `(.*?)` \| (\w+) \| `(\w+)` \|", table, re.MULTILINE)
    ],
)
def test_the_policies_that_the_docs_show_decide_as_they_show(rules: str, shown: str, decision: str, rule: str) -> None:
    comment = {"text": "", "links": 0, "author_approved": 0, "scores": {}, **json.loads(shown)}
    days = comment.pop("post_age_days", None)
    author = comment.pop("author", None)
    evidence = Evidence(
        **comment
        | {"text": text.normalise(comment["text"]), "scores": dict.fromkeys(LABELS, 0.01) | comment["scores"]},
        author_names=frozenset({author} if author else ()),
        post_age=None if days is None else timedelta(days=days),
    )

    verdict = policy.decide(Policy.model_validate_json(rules), evidence)

    assert (verdict.decision, verdict.rule) == (decision, rule)


def test_the_docs_show_every_rule_in_its_order_and_every_field() -> None:
    document = (ROOT / "docs/policies.md").read_text(encoding="utf-8")
    table = document.partition("| rule | answer |")[2].partition("\n\n")[0]

    assert re.findall(r"^\| `(\w+)` \| (\w+) \|", table, re.MULTILINE) == [
        (rule.name, rule.decision) for rule in policy.RULES
    ]
    examples = [json.loads(rules) for rules, _ in POLICY_EXAMPLE.findall(document)]
    assert {field for rules in examples for field in rules} == set(Policy.model_fields)


def test_the_table_of_settings_is_complete_and_right() -> None:
    table = (ROOT / "docs/deployment.md").read_text(encoding="utf-8").partition("<!-- settings -->")[2]
    shown = dict(re.findall(r"^\| `(\w+)` \| (?:`(.*?)`)? \|", table, re.MULTILINE))

    assert shown == {name: _written(field.default) for name, field in Settings.model_fields.items()}


def test_every_link_between_the_documents_leads_somewhere() -> None:
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")]
    broken = [
        f"{document.name}: {target}"
        for document in documents
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]

    assert broken == []


def _written(default: object) -> str:
    if isinstance(default, timedelta):
        return f"{default.total_seconds():g}"
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default is None else str(default)
