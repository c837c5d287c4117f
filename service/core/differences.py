"""What changes from one set of rules to another."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, Field

from service.core.policy import DEFAULT_THRESHOLDS, Policy


class Difference(BaseModel):
    """One rule that differs: a list by what it gained and lost, all else by its two values."""

    rule: str = Field(
        description="The field of the policy, and for thresholds the label.", examples=["thresholds.spam"]
    )
    before: Any = Field(None, examples=[0.7])
    after: Any = Field(None, examples=[0.9])
    added: list[str] = Field(default_factory=list)
    removed: list[str] = Field(default_factory=list)


def between(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Compare two sets of rules as they are stored; what they leave open has its default."""
    old, new = dict(_flatten(before)), dict(_flatten(after))
    names = [*old, *(name for name in new if name not in old)]
    return [_difference(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]


def _difference(name: str, old: Any, new: Any) -> Difference:
    if isinstance(old, list) and isinstance(new, list):
        added = [entry for entry in new if entry not in set(old)]
        return Difference(rule=name, added=added, removed=[entry for entry in old if entry not in set(new)])
    return Difference(rule=name, before=old, after=new)


def _flatten(rules: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    filled = {**Policy().model_dump(mode="json"), **rules}
    if isinstance(filled["thresholds"], dict):
        filled["thresholds"] = {**DEFAULT_THRESHOLDS, **filled["thresholds"]}
    for name, value in filled.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{label}", inner) for label, inner in value.items())
        else:
            yield name, value
