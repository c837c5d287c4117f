"""Clients of the Perspective API, unmodified, against the bundled engine."""

import pytest

from tests.clients.conftest import Run
from tests.journey.deployment import Deployment

pytestmark = pytest.mark.clients

GOOGLE = "commentanalyzer.googleapis.com"


def test_google_s_python_client_builds_itself_from_our_discovery_document(run: Run, gatepost: Deployment) -> None:
    told = run("google-api-python-client", "google_api.py", gatepost.url, gatepost.key)

    scores = told["toxic"]["attributeScores"]
    assert scores["TOXICITY"]["summaryScore"]["value"] > 0.9
    assert told["toxic"]["clientToken"] == "t-1"
    first, second = scores["INSULT"]["spanScores"]
    assert (first["begin"], first["end"], second["begin"], second["end"]) == (0, 23, 24, 43)
    assert first["score"]["value"] > second["score"]["value"]
    assert told["harmless"]["attributeScores"]["TOXICITY"]["summaryScore"]["value"] < 0.3
    assert told["suggested"]["detectedLanguages"]
    assert (told["empty"]["status"], told["empty"]["reason"]) == (400, "Comment must be non-empty.")
    assert told["empty"]["details"][0]["errorType"] == "COMMENT_EMPTY"
    assert told["bad_key"]["details"][0]["reason"] == "API_KEY_INVALID"


def test_pypi_perspectiveapi(run: Run, gatepost: Deployment) -> None:
    toxic, harmless = run("perspectiveapi", "perspectiveapi_score.py", gatepost.key, hosts=(GOOGLE,))

    assert toxic["toxicity"] > 0.9
    assert harmless["toxicity"] < 0.3
    assert toxic["flirtation"] is None


def test_pypi_perspective_py(run: Run, gatepost: Deployment) -> None:
    told = run("perspective-py", "perspective_py.py", gatepost.key, hosts=(GOOGLE,))

    assert told["refused"]
    assert told["production"]["TOXICITY"] > 90
    assert len(told["production"]) == 6
    assert {"TOXICITY", "SPAM", "LIKELY_TO_REJECT"} < told["all"].keys()
    assert "FLIRTATION" not in told["all"]


def test_pypi_pyperspective(run: Run, gatepost: Deployment) -> None:
    told = run("pyperspective", "pyperspective.py", gatepost.key, hosts=(GOOGLE,))

    assert told["refused"]
    assert told["toxicity"] > 0.9
    assert told["span"] == [0, 23, "You are a stupid idiot."]


def test_npm_perspective_api_client(run: Run, gatepost: Deployment) -> None:
    told = run("node", "perspective.mjs", gatepost.key, hosts=(GOOGLE,))

    assert told["toxic"]["attributeScores"]["TOXICITY"]["summaryScore"]["value"] > 0.9
    assert told["harmless"]["attributeScores"]["TOXICITY"]["summaryScore"]["value"] < 0.3
    assert told["refused"] == "API key not valid. Please pass a valid API key."
