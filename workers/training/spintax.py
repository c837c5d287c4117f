"""Comments from templates: `{a|b}` is a choice, `$name` one of a list, as spammers' own programs write them."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_CHOICE = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"\$([a-z]+)")
_LIST = re.compile(r"([a-z]+) = (.+)")
# A list may name another list, which may name a third.
_DEEPEST = 10
_SHORTEST = 4  # words


@dataclass
class Grammar:
    """Templates by family, and the lists that they name."""

    families: dict[str, list[str]] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)


def expand(template: str, lists: Mapping[str, list[str]], rng: random.Random) -> str:
    """One comment of the template."""
    for _ in range(_DEEPEST):
        chosen = _CHOICE.sub(lambda choice: rng.choice(choice[1].split("|")), template)
        # A `$` of code names no list.
        chosen = _NAME.sub(lambda name: rng.choice(lists.get(name[1], [name[0]])), chosen)
        if chosen == template:
            break
        template = chosen
    return " ".join(template.split())


def read(path: Path) -> Grammar:
    """`## name` begins a family, `name = a | b` is a list, # begins a remark; every other line is a template."""
    grammar, family = Grammar(), ""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("## "):
            family = line.removeprefix("## ")
        elif found := _LIST.fullmatch(line):
            grammar.lists[found[1]] = found[2].split(" | ")
        elif line and not line.startswith("#"):
            grammar.families.setdefault(family, []).append(line)
    return grammar


def read_constructs(path: Path) -> list[str]:
    """The templates of a spammers' program, as a public list collected them: a bar outside braces ends one."""
    text = " ".join(path.read_text("utf-8").splitlines())
    ends = re.split(r"\|(?![^{}]*\})", text)
    return [template.strip() for template in ends if len(template.split()) >= _SHORTEST]
