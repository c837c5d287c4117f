"""Many requests at once: none waits for another's thread."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.journey import deployment as deployments
from tests.servers.receiver import Receiver


@pytest.mark.parametrize("path", ["/v1/comments", "/v1/deliveries", "/v1/site/policy"])
def test_a_crowd_of_readers_is_answered(tmp_path: Path, receiver: Receiver, path: str) -> None:
    with deployments.embedded(tmp_path, receiver) as deployment:
        deployment.start()
        headers = {"authorization": f"Bearer {deployment.key}"}

        with ThreadPoolExecutor(120) as pool:
            answers = list(
                pool.map(
                    lambda _: httpx2.get(deployment.url + path, headers=headers, timeout=60).status_code, range(240)
                )
            )

    assert answers == [200] * 240
