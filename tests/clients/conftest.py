"""Clients of other services as they are published, pointed at a Gatepost as its operator starts it.

A client that has its host compiled in is led here by its process's resolver, as by a name server or a hosts file, and
finds a certificate there that its process trusts. Nothing of the client is changed.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.clients.front import TlsFront
from tests.clients.wordpress.blog import MariaDB
from tests.journey import deployment as deployments
from tests.journey.deployment import Deployment
from tests.servers.receiver import Receiver

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# What a slow machine may take.
PATIENCE_SECONDS = 60

Run = Callable[..., Any]


@pytest.fixture(scope="session")
def gatepost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A Gatepost that the tests share, with its bundled engine; every client is another comment."""
    receiver = Receiver()
    receiver.start()
    with deployments.embedded(tmp_path_factory.mktemp("gatepost"), receiver) as deployment:
        process = deployment.processes["gatepost"]
        process.env |= {
            "GATEPOST_ANSWER_WITHIN": str(PATIENCE_SECONDS),
            "GATEPOST_PUBLIC_URL": deployment.url,
            "GATEPOST_REQUESTS_PER_MINUTE": "0",
        }
        deployment.start()
        yield deployment
    receiver.stop()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of the authority that the clients trust; its key stays in this process."""
    return _Authority.create(tmp_path_factory.mktemp("authority") / "authority.pem")


class _Authority:
    """One for the session: a client reads it from its file."""

    ca = trustme.CA()

    @classmethod
    def create(cls, path: Path) -> Path:
        cls.ca.cert_pem.write_to_path(str(path))
        return path


@pytest.fixture(scope="session")
def lead(gatepost: Deployment) -> Iterator[Callable[[str], int]]:
    """Have a host's name lead to Gatepost, with TLS; gives the port."""
    fronts: dict[str, TlsFront] = {}

    def lead(host: str) -> int:
        if host not in fronts:
            target = int(gatepost.url.rpartition(":")[2])
            fronts[host] = TlsFront(_Authority.ca.issue_cert(host), target)
            fronts[host].start()
        return fronts[host].port

    yield lead
    for front in fronts.values():
        front.stop()


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    server = MariaDB(tmp_path_factory.mktemp("mariadb"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def run(authority: Path, lead: Callable[[str], int], gatepost: Deployment) -> Run:
    """Run a program with a client in it, and give what it prints as JSON.

    `environment` names the client's own virtual environment, or is `node`; `hosts` are the names that lead here;
    `plain_hosts` those that do without TLS.
    """

    def run(
        environment: str,
        program: str,
        *arguments: str,
        hosts: tuple[str, ...] = (),
        plain_hosts: tuple[str, ...] = (),
    ) -> Any:
        command = _command(environment)
        plain = dict.fromkeys(plain_hosts, int(gatepost.url.rpartition(":")[2]))
        done = subprocess.run(
            [*command, str(HERE / "programs" / program), *arguments],
            env=_environment(authority, {host: lead(host) for host in hosts} | plain),
            capture_output=True,
            text=True,
            check=False,
            timeout=2 * PATIENCE_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def _command(environment: str) -> list[str]:
    if environment == "node":
        return ["node", "--require", str(HERE / "hosts" / "preload.cjs")]
    return [str(ROOT / ".venv-clients" / environment / "bin" / "python")]


def _environment(authority: Path, hosts: dict[str, int]) -> dict[str, str]:
    trust = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "HTTPLIB2_CA_CERTS", "NODE_EXTRA_CA_CERTS")
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "PYTHONPATH": str(HERE / "hosts"),
        "GATEPOST_TEST_HOSTS": json.dumps(hosts),
        **dict.fromkeys(trust, str(authority)),
    }
