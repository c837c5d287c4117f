"""The trace that docs/explanations.md shows is one that the API can give."""

import json
import re
from pathlib import Path

from service.core.policy import Verdict

PAGE = (Path(__file__).parents[1] / "docs" / "explanations.md").read_text(encoding="utf-8")
SHOWN = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])


def test_the_example_is_a_verdict() -> None:
    assert Verdict.model_validate(SHOWN).model_dump(mode="json", exclude_unset=True) == SHOWN


def test_every_part_of_a_trace_is_explained() -> None:
    explained = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))

    assert explained == Verdict.model_fields.keys()
