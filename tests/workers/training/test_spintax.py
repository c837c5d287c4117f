"""Comments from templates."""

import random
from pathlib import Path

from workers.training import spam, spintax


def test_a_choice_and_a_list_are_filled_in() -> None:
    rng = random.Random(1)
    comments = {
        spintax.expand("{Buy|Order} $thing", {"thing": ["pills", "$other"], "other": ["x"]}, rng) for _ in range(99)
    }

    assert comments == {"Buy pills", "Order pills", "Buy x", "Order x"}


def test_the_dollar_of_code_stays() -> None:
    assert spintax.expand("$('#menu') and $path", {}, random.Random(1)) == "$('#menu') and $path"


def test_families_lists_and_remarks_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "comments.txt"
    path.write_text("# a remark\nware = a | b\n\n## first\none $ware\n## second\ntwo\n")

    grammar = spintax.read(path)

    assert grammar == spintax.Grammar({"first": ["one $ware"], "second": ["two"]}, {"ware": ["a", "b"]})


def test_a_bar_outside_braces_ends_a_construct(tmp_path: Path) -> None:
    path = tmp_path / "constructs.txt"
    path.write_text("I {like|love} your\nnice blog.|\nThanks for the great post!|\n")

    assert spintax.read_constructs(path) == ["I {like|love} your nice blog.", "Thanks for the great post!"]


def test_no_written_comment_leaves_a_name_unfilled() -> None:
    for kind in ("spam", "genuine"):
        grammar = spintax.read(spam.COMMENTS / f"{kind}.txt")
        rng = random.Random(1)
        for templates in grammar.families.values():
            for template in templates:
                comment = spintax.expand(template, grammar.lists, rng)
                assert not any(f"${name}" in comment for name in grammar.lists), comment
