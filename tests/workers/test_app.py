"""The Celery tasks: what goes wrong in one is logged, without the comment."""

import os
import subprocess
import sys

from tests.secret_keys import SECRET_KEYS

PROGRAM = """
from workers import app, scoring

def fail(*_):
    raise ValueError("a row was refused" + chr(10) + "DETAIL: Failing row contains (xyzzy)")

scoring.score_batch = fail
app.logs.configure(app.settings)
app.score.apply(throw=True)
"""


def test_a_task_that_fails_is_logged_without_the_rest_of_the_errors_text() -> None:
    environment = {
        **os.environ,
        "GATEPOST_REDIS_URL": "redis://127.0.0.1:1/0",
        "GATEPOST_SECRET_KEYS": SECRET_KEYS,
        "GATEPOST_ENGINE": "compact",
    }

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False, timeout=30
    )

    assert done.returncode == 0, done.stderr
    assert "worker.failed" in done.stderr
    assert "a row was refused" in done.stderr
    assert "xyzzy" not in done.stderr
