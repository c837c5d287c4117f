"""Fetches a Detoxify model into a folder: resumed where it broke off, checked, and only then given its name."""

import hashlib
import os
from pathlib import Path

import httpx2
from rich.progress import Progress

from workers.engines import checkpoints
from workers.engines.checkpoints import Checkpoint

_CHUNK = 1 << 18
_TIMEOUT = 30.0  # seconds without a byte
_RANGE_NOT_SATISFIABLE = 416


class DownloadError(Exception):
    """A file did not come, or is not the right one; the text says what to do."""


def fetch(model: str, folder: Path, mirror: str | None, progress: Progress) -> None:
    """Fetch what is not there yet, and write down the checksum of all. Raises DownloadError.

    `mirror` stands for the scheme and host of every address: an inner server with the same paths.
    """
    checkpoint = checkpoints.PUBLISHED[model]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with httpx2.Client(follow_redirects=True, timeout=_TIMEOUT) as client:
            for url in checkpoint.urls:
                _fetch(client, _at(url, mirror), folder / Path(url).name, checkpoint, progress)
        _write_checksums(checkpoint, folder)
    except (httpx2.HTTPError, OSError, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise DownloadError(f"{model} could not be fetched: {reason}\n{checkpoints.way_out(model)}") from error


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _at(url: str, mirror: str | None) -> str:
    return mirror.rstrip("/") + httpx2.URL(url).path if mirror else url


def _fetch(client: httpx2.Client, url: str, path: Path, checkpoint: Checkpoint, progress: Progress) -> None:
    if path.is_file():
        return
    part = path.with_name(f"{path.name}.part")
    # What has no hash to tell a patchwork by is fetched whole.
    if path.name != checkpoint.file:
        part.unlink(missing_ok=True)
    _append(client, url, part, progress)
    if path.name == checkpoint.file and not (found := sha256(part)).startswith(checkpoint.digits):
        part.unlink()
        raise ValueError(f"what came from {url} is damaged or another file: its SHA-256 is {found}.")
    part.replace(path)


def _append(client: httpx2.Client, url: str, part: Path, progress: Progress) -> None:
    """Fetch the rest of a file, or all of it from a server that cannot go on in the middle."""
    start = part.stat().st_size if part.exists() else 0
    # A compressed answer could not be continued.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with client.stream("GET", url, headers=headers) as answer:
        if answer.status_code == _RANGE_NOT_SATISFIABLE:
            # All of it is there already, or more: the checksum decides.
            return
        answer.raise_for_status()
        resumed = answer.status_code == httpx2.codes.PARTIAL_CONTENT
        length = answer.headers.get("Content-Length")
        done = start if resumed else 0
        task = progress.add_task(part.stem, total=done + int(length) if length else None, completed=done)
        with part.open("ab" if resumed else "wb") as file:
            for chunk in answer.iter_bytes(_CHUNK):
                file.write(chunk)
                progress.advance(task, len(chunk))
            file.flush()
            os.fsync(file.fileno())


def _write_checksums(checkpoint: Checkpoint, folder: Path) -> None:
    """Pin what came: later damage to the configuration or the tokenizer is found as well."""
    known = checkpoints.read_checksums(folder)
    files = [checkpoint.file, *checkpoints.BASE_FILES]
    sums = {name: known.get(name) or sha256(folder / name) for name in files}
    lines = "".join(f"{digest}  {name}\n" for name, digest in (known | sums).items())
    (folder / checkpoints.CHECKSUMS).write_text(lines)
