"""Promises about the files: none tells of the machine it was made on."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
# `gatepost` is the user inside of the image.
HOME_OF_A_MACHINE = re.compile(r"(?<![\w.$}])/(?:home/(?!gatepost\b)|Users/|root/|work/|opt/|tmp/)\w")


def test_no_file_tells_of_the_machine_that_it_was_made_on() -> None:
    for path in _files():
        assert not HOME_OF_A_MACHINE.search(_readable(path)), path


def _files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def _readable(path: Path) -> str:
    """The text of the file; of a binary one, what ASCII it holds."""
    return path.read_bytes().decode("ascii", errors="ignore")
