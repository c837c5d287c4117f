"""OpenAI's clients, unmodified, against the bundled engine."""

import pytest

from tests.clients.conftest import Run
from tests.journey.deployment import Deployment

pytestmark = pytest.mark.clients


def test_pypi_openai(run: Run, gatepost: Deployment) -> None:
    told = run("openai", "openai_moderations.py", f"{gatepost.url}/v1", gatepost.key)

    toxic, harmless = told["results"]
    assert (toxic["flagged"], harmless["flagged"]) == (True, False)
    assert toxic["harassment"] > 0.5 > harmless["harassment"]
    assert len(told["categories"]) == 13
    assert told["missing"] == []
    assert told["parts"] is True
    assert told["refused"] == [401, "invalid_api_key"]
    assert told["image"] == ["unsupported_input", "input"]


def test_npm_openai(run: Run, gatepost: Deployment) -> None:
    told = run("node", "openai.mjs", f"{gatepost.url}/v1", gatepost.key)

    assert told == {"flagged": [True, False], "refused": [401, "invalid_api_key"]}
