"""The examples, as the documents tell to run them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from tests.clients.conftest import HERE, ROOT
from tests.journey.deployment import Deployment
from tests.servers import ports
from tests.servers.waiting import eventually

pytestmark = pytest.mark.clients

EXAMPLES = ROOT / "examples"
PYTHON = sys.executable
SUBMIT = {
    "python": [PYTHON, "python/submit.py"],
    "javascript": ["node", "javascript/submit.mjs"],
    "php": ["php", "php/submit.php"],
}
RECEIVE = {
    "python": [PYTHON, "python/receive.py", "{port}"],
    "javascript": ["node", "javascript/receive.cjs", "{port}"],
    "php": ["php", "-S", "127.0.0.1:{port}", "php/receive.php"],
}


@pytest.mark.parametrize("language", SUBMIT)
def test_a_comment_is_submitted_and_its_decision_received(gatepost: Deployment, tmp_path: Path, language: str) -> None:
    port, external_id = ports.find_free(), f"c-{uuid4().hex}"
    url = f"http://127.0.0.1:{port}/"
    with gatepost.client() as client:
        endpoint = client.post("/v1/webhooks", json={"url": url}).json()
        with _receiving(language, port, endpoint["secret"], tmp_path / "told") as told:
            environment = {**os.environ, "GATEPOST": gatepost.url, "KEY": gatepost.key}
            command = [*SUBMIT[language], external_id, "You are a worthless idiot."]
            done = subprocess.run(
                command, cwd=EXAMPLES, env=environment, capture_output=True, text=True, check=True, timeout=60
            )
            eventually(lambda: f"{external_id} 1 held" in told.read_text(), within=timedelta(minutes=1))
            forged = httpx2.post(url, content=b'{"type": "comment.approved"}', headers={"webhook-id": "evt_1"})
        client.delete(f"/v1/webhooks/{endpoint['id']}")

    assert done.stdout.startswith("202 ")
    assert forged.status_code == 401


@contextmanager
def _receiving(language: str, port: int, secret: str, told: Path) -> Iterator[Path]:
    """What the receiver prints goes to `told`."""
    command = [part.format(port=port) for part in RECEIVE[language]]
    environment = {**os.environ, "SECRET": secret, "NODE_PATH": str(HERE / "node_modules")}
    with told.open("wb") as out:
        receiver = subprocess.Popen(command, cwd=EXAMPLES, env=environment, stdout=out, stderr=out)
        try:
            eventually(lambda: ports.answers(port), within=timedelta(seconds=30), context=told.read_text)
            yield told
        finally:
            receiver.terminate()
            receiver.wait()
