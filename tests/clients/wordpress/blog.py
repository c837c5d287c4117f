"""A WordPress as Debian packages it, on a MariaDB and PHP's own web server: its Akismet plugin asks a Gatepost."""

import html
import html.parser
import json
import re
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2

from tests.servers import ports
from tests.servers.processes import Process
from tests.servers.waiting import eventually

HERE = Path(__file__).parent
OURS = HERE.parents[2] / "deploy" / "wordpress"
PASSWORD = "a long password"
PACKAGES = HERE.parents[2] / ".venv-clients" / "wordpress"


@dataclass
class MariaDB:
    """A server of the tests' own, reached by its socket."""

    folder: Path
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        # The path of a socket has 107 characters at most; a test's own folder may have more.
        self.socket = Path(tempfile.gettempdir()) / f"gatepost-{secrets.token_hex(4)}.sock"
        data = self.folder / "mariadb"
        options = ["--no-defaults", f"--datadir={data}", "--user=root"]
        subprocess.run(
            ["mariadb-install-db", *options, "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=True,
            capture_output=True,
        )
        served = [f"--socket={self.socket}", "--skip-networking", f"--pid-file={self.folder / 'mariadb.pid'}"]
        self.process = Process(["/usr/sbin/mariadbd", *options, *served], log=self.folder / "mariadb.log")

    def start(self) -> None:
        self.process.start()
        eventually(self._answers, within=timedelta(seconds=60), context=lambda: self.process.tail)

    def create(self, database: str) -> None:
        self._run(f"CREATE DATABASE {database}").check_returncode()

    def stop(self) -> None:
        self.process.kill()
        self.socket.unlink(missing_ok=True)

    def _answers(self) -> bool:
        return self._run("SELECT 1").returncode == 0

    def _run(self, statement: str) -> subprocess.CompletedProcess[bytes]:
        command = ["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", "--execute", statement]
        return subprocess.run(command, check=False, capture_output=True)


CONFIG = """<?php
define( 'DB_NAME', '{database}' );
define( 'DB_USER', 'root' );
define( 'DB_PASSWORD', '' );
define( 'DB_HOST', 'localhost:{socket}' );
define( 'WP_HOME', '{url}' );
define( 'WP_SITEURL', '{url}' );
define( 'DISABLE_WP_CRON', true );
define( 'WP_HTTP_BLOCK_EXTERNAL', true );
define( 'WP_ACCESSIBLE_HOSTS', 'rest.akismet.com,127.0.0.1' );
define( 'GATEPOST_TEST_PORT', {port} );
define( 'GATEPOST_TEST_AUTHORITY', '{authority}' );
require __DIR__ . '/defines.php';
$table_prefix = 'wp_';
if ( ! defined( 'ABSPATH' ) ) {{
	define( 'ABSPATH', __DIR__ . '/' );
}}
if ( ! isset( $_SERVER['HTTP_HOST'] ) ) {{
	$_SERVER['HTTP_HOST'] = '{host}';
}}
require_once ABSPATH . 'wp-settings.php';
"""


class Blog:
    """Not yet started. Its Akismet plugin is led to `front`, the port that shows rest.akismet.com's certificate."""

    def __init__(self, suite: str, folder: Path, database: MariaDB, front: int, authority: Path) -> None:
        self.suite = suite
        self.key = ""
        self.root = folder / f"wordpress-{suite}"
        port = ports.find_free()
        self.url = f"http://127.0.0.1:{port}"
        shutil.copytree(PACKAGES / suite / "usr" / "share" / "wordpress", self.root, symlinks=True)
        content = self.root / "wp-content"
        shutil.copytree(HERE / "theme", content / "themes" / "plain", dirs_exist_ok=True)
        (content / "mu-plugins").mkdir()
        shutil.copy(HERE / "hurry.php", content / "mu-plugins")
        shutil.copy(HERE / "led.php", content / "mu-plugins")
        for program in ("setup.php", "state.php", "click.php"):
            shutil.copy(HERE / program, self.root)
        name = f"wordpress_{secrets.token_hex(4)}"
        database.create(name)
        config = CONFIG.format(
            database=name,
            socket=database.socket,
            url=self.url,
            host=f"127.0.0.1:{port}",
            port=front,
            authority=authority,
        )
        # Debian's own reads /etc/wordpress.
        (self.root / "wp-config.php").write_text(config)
        self.defines = self.root / "defines.php"
        self.defines.write_text("<?php\n")
        command = ["php", "-d", "display_errors=stderr", "-S", f"127.0.0.1:{port}", "-t", str(self.root)]
        self.server = Process(command, log=folder / f"{suite}.log", env={"PHP_CLI_SERVER_WORKERS": "4"})

    def define(self, name: str, value: str) -> None:
        """As an owner does in wp-config.php."""
        with self.defines.open("a") as file:
            file.write(f"define( '{name}', '{value}' );\n")

    def lead_by_our_file(self, gatepost_url: str) -> None:
        """Without the name server."""
        (self.root / "wp-content" / "mu-plugins" / "led.php").unlink()
        shutil.copy(OURS / "akismet-to-gatepost.php", self.root / "wp-content" / "mu-plugins")
        self.define("GATEPOST_URL", gatepost_url)

    def start(self, plugin: str = "akismet/akismet.php") -> None:
        if plugin == "gatepost.php":
            shutil.copy(OURS / plugin, self.root / "wp-content" / "plugins")
        self._php("setup.php", self.key, plugin)
        self.server.start()
        eventually(self._answers, within=timedelta(seconds=60), context=lambda: self.server.tail)

    def stop(self) -> None:
        self.server.kill()

    def comment(self, text: str, author: str, post: int = 1) -> None:
        """Write a comment as a visitor does: open the post, fill in its form, send it."""
        with httpx2.Client(base_url=self.url, follow_redirects=True, timeout=60) as visitor:
            form = _Form()
            form.feed(visitor.get("/", params={"p": post}).text)
            email = f"{author.lower()}@example.org"
            fields = {**form.hidden, "author": author, "email": email, "url": "", "comment": text}
            answer = visitor.post("/wp-comments-post.php", data=fields)
            assert answer.status_code == 200, answer.text

    def page(self, post: int = 1) -> str:
        """The post as a stranger sees it."""
        return httpx2.get(self.url, params={"p": post}, timeout=60).text

    def run_cron(self) -> None:
        """As the machine's cron, or the next visitor, does."""
        httpx2.get(f"{self.url}/wp-cron.php", params={"doing_wp_cron": ""}, timeout=60).raise_for_status()

    def statuses(self) -> dict[str, str]:
        """By the comments' texts. WordPress's words: approved, unapproved, spam, trash."""
        return {comment["text"]: comment["status"] for comment in self.state()["comments"]}

    def state(self) -> Any:
        return self._php("state.php")

    def click(self, action: str, *given: str) -> Any:
        return self._php("click.php", action, *given)

    def moderate(self, action: str, number: str) -> None:
        """Follow the link “Spam” or “Not Spam” beside a comment in WordPress's administration, as its administrator."""
        with httpx2.Client(base_url=self.url, follow_redirects=True, timeout=60) as admin:
            admin.get("/wp-login.php")
            admin.post("/wp-login.php", data={"log": "admin", "pwd": PASSWORD, "testcookie": "1"})
            view = "spam" if action == "unspam" else ""
            listed = html.unescape(admin.get("/wp-admin/edit-comments.php", params={"comment_status": view}).text)
            # The parameters' order is another in each version.
            links = re.findall(r"comment\.php\?[^'\"]+", listed)
            wanted = {f"action={action}comment", f"c={number}"}
            link = next(link for link in links if wanted <= set(link.partition("?")[2].split("&")))
            assert admin.get(f"/wp-admin/{link}").status_code == 200

    def id_of(self, text: str) -> str:
        return next(str(comment["id"]) for comment in self.state()["comments"] if comment["text"] == text)

    def _php(self, program: str, *given: str) -> Any:
        done = subprocess.run(
            ["php", "-d", "display_errors=stderr", program, *given],
            cwd=self.root,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout) if done.stdout else None

    def _answers(self) -> bool:
        try:
            return httpx2.get(self.url, timeout=20).is_success
        except httpx2.TransportError:
            return False


class _Form(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "input" and given.get("type") == "hidden" and (name := given.get("name")):
            self.hidden[name] = given.get("value") or ""
