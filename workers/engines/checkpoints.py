"""Detoxify's published checkpoints: where they are, what they need beside them, and whether a file is one of them."""

import re
from dataclasses import dataclass
from pathlib import Path

# Without the tokenizer's files transformers 5 quietly makes an empty tokenizer that knows no word.
BASE_FILES = ("config.json", "tokenizer.json", "tokenizer_config.json")
CHECKSUMS = "SHA256SUMS"
ENGLISH = frozenset({"en"})
_RELEASES = "https://github.com/unitaryai/detoxify/releases/download"
_APACHE, _WITH_MIT = "Apache-2.0", "Apache-2.0, base MIT"


@dataclass(frozen=True)
class Checkpoint:
    url: str
    base: str  # the Hugging Face model that it was trained from, whose files it needs beside its own
    gigabytes: float
    licence: str
    languages: frozenset[str] = ENGLISH

    @property
    def file(self) -> str:
        return Path(self.url).name

    @property
    def digits(self) -> str:
        """The first digits of the file's SHA-256, as torch.hub's convention puts them into its name."""
        return Path(self.url).stem.rpartition("-")[2]

    @property
    def urls(self) -> list[str]:
        return [self.url, *(f"https://huggingface.co/{self.base}/resolve/main/{name}" for name in BASE_FILES)]


PUBLISHED = {
    "original": Checkpoint(f"{_RELEASES}/v0.1-alpha/toxic_original-c1212f89.ckpt", "bert-base-uncased", 0.44, _APACHE),
    "unbiased": Checkpoint(f"{_RELEASES}/v0.3-alpha/toxic_debiased-c7548aa0.ckpt", "roberta-base", 0.5, _WITH_MIT),
    "multilingual": Checkpoint(
        f"{_RELEASES}/v0.4-alpha/multilingual_debiased-0b549669.ckpt",
        "xlm-roberta-base",
        1.1,
        _WITH_MIT,
        frozenset({"en", "fr", "es", "it", "pt", "tr", "ru"}),
    ),
    "original-small": Checkpoint(f"{_RELEASES}/v0.1.2/original-albert-0e1d6498.ckpt", "albert-base-v2", 0.05, _APACHE),
    "unbiased-small": Checkpoint(f"{_RELEASES}/v0.1.2/unbiased-albert-c8519128.ckpt", "albert-base-v2", 0.05, _APACHE),
}


def find(model: str, folder: Path) -> Path:
    """Give the checkpoint in a folder that has all it needs. Raises ValueError."""
    missing = [name for name in BASE_FILES if not (folder / name).is_file()]
    if missing:
        raise ValueError(f"the folder {folder} is missing or has no {', '.join(missing)}.")
    published = {checkpoint.file for checkpoint in PUBLISHED.values()}
    own = folder / PUBLISHED[model].file
    found = [own] if own.is_file() else [path for path in folder.glob("*.ckpt") if path.name not in published]
    if len(found) != 1:
        raise ValueError(f"the folder {folder} must hold {own.name}, or one checkpoint (*.ckpt) of your own.")
    return found[0]


def verify(path: Path, sha256: str) -> None:
    """Raise ValueError for a checkpoint that is neither the one published nor the one that the operator wrote down."""
    published = {checkpoint.file: checkpoint.digits for checkpoint in PUBLISHED.values()}
    expected = read_checksums(path.parent).get(path.name) or published.get(path.name)
    if expected is None:
        raise ValueError(
            f"{path} is not one that Detoxify published. If you trust where it comes from, write down its"
            f" checksum: run `sha256sum {path.name} > {CHECKSUMS}` in its folder."
        )
    if not sha256.startswith(expected):
        raise ValueError(f"{path} is damaged or another file: its SHA-256 is {sha256}, not {expected}.")


def read_checksums(folder: Path) -> dict[str, str]:
    """Give the SHA-256 by file name, as `sha256sum` writes it; empty where there is no such list."""
    sums = folder / CHECKSUMS
    text = sums.read_text() if sums.is_file() else ""
    return {name: digest.lower() for digest, name in re.findall(r"(?m)^([0-9a-fA-F]{64}) [ *](.+)$", text)}


def way_out(model: str) -> str:
    urls = "".join(f"\n  {url}" for url in PUBLISHED[model].urls)
    return (
        f"On a machine with network, run `gatepost models fetch {model} --folder FOLDER`, or fetch these into one"
        f" folder:{urls}\n"
        "Bring the folder here and set GATEPOST_DETOXIFY_FOLDER to it (docs/detoxify.md)."
    )
