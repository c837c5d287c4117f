"""The columns of a labelled file are found by their names, and what is unclear is told with the way out."""

import pytest

from workers.evaluation import columns
from workers.evaluation.columns import Label, UnclearColumnsError


@pytest.mark.parametrize("name", ["text", "comment_text", "Comment", "CONTENT", "body", "tweet", "test_case"])
def test_the_text_is_found_by_its_usual_names(name: str) -> None:
    found = columns.find([{"id": "7", name: "Hello", "toxic": "0"}], "file.csv")

    assert found.text == name


def test_a_text_column_of_another_name_is_the_longest_and_that_is_said() -> None:
    found = columns.find([{"id": "7", "what they wrote": "Hello, all of you", "toxic": "0"}], "file.csv")

    assert found.text == "what they wrote"
    assert "--text" in found.notes[0]


@pytest.mark.parametrize(
    ("column", "label"),
    [
        *(("toxic", "toxicity"), ("Toxicity", "toxicity"), ("is_toxic", "toxicity"), ("isToxic", "toxicity")),
        *(("severe_toxic", "severe_toxicity"), ("SEVERE_TOXICITY", "severe_toxicity"), ("obscene", "obscene")),
        *(("threat", "threat"), ("insult", "insult"), ("identity_hate", "identity_attack")),
        *(("identity_attack", "identity_attack"), ("hateful", "identity_attack"), ("hate-speech", "identity_attack")),
        *(("spam", "spam"), ("is_spam", "spam"), ("spam_label", "spam")),
    ],
)
def test_a_label_is_found_in_many_spellings(column: str, label: str) -> None:
    found = columns.find([{"text": "Hello", column: "1"}], "file.csv")

    assert {name: one.column for name, one in found.labels.items()} == {label: column}


@pytest.mark.parametrize(
    ("value", "truth"),
    [
        *(("1", True), ("0", False), ("1.0", True), ("0.5", True), ("0.49", False), ("true", True), ("False", False)),
        *(("Yes", True), ("no", False), ("spam", True), ("ham", False), ("hateful", True), ("non-hateful", False)),
        *(("not_toxic", False), ("toxic", True), ("", None), ("nan", None), ("2", None), ("maybe", None)),
    ],
)
def test_a_value_says_yes_or_no_or_nothing(value: str, truth: bool | None) -> None:  # noqa: FBT001
    assert Label("toxic").truth(value) is truth


def test_a_single_unnamed_label_is_toxicity_and_that_is_said() -> None:
    found = columns.find([{"text": "Hello", "label": "1"}, {"text": "Hi", "label": "0"}], "data/comments.csv")

    assert list(found.labels) == ["toxicity"]
    assert "taken as toxicity" in found.notes[0]


@pytest.mark.parametrize(
    ("values", "path"), [(("spam", "ham"), "data/messages.csv"), (("1", "0"), "youtube-spam/videos.csv")]
)
def test_a_single_unnamed_label_is_spam_where_values_or_path_say_so(values: tuple[str, ...], path: str) -> None:
    found = columns.find([{"text": "Hello", "CLASS": value} for value in values], path)

    assert list(found.labels) == ["spam"]


def test_a_column_of_counts_is_no_label() -> None:
    rows = [{"tweet": "Hello", "hate_speech": "0", "toxic": "1"}, {"tweet": "Hi", "hate_speech": "3", "toxic": "0"}]

    found = columns.find(rows, "tweets.csv")

    assert list(found.labels) == ["toxicity"]
    assert "“hate_speech” is passed over" in found.notes[0]


def test_a_file_without_a_known_label_is_told_with_its_columns_and_the_way_out() -> None:
    with pytest.raises(UnclearColumnsError) as told:
        columns.find([{"tweet": "Hello", "kind": "x"}, {"tweet": "Hi", "kind": "y"}], "tweets.csv")

    assert "kind: x, y" in str(told.value)
    assert "--label toxicity=COLUMN:VALUE" in str(told.value)


def test_a_label_may_be_named_with_the_values_that_mean_yes() -> None:
    found = columns.find([{"tweet": "Hello", "class": "2"}], "tweets.csv", labels=["toxicity=class:0|1"])

    label = found.labels["toxicity"]
    assert [label.truth(value) for value in ("0", "1", "2", "")] == [True, True, False, None]


@pytest.mark.parametrize("written", ["toxicity", "rudeness=class", "toxicity=clas"])
def test_a_label_that_cannot_be_read_is_told(written: str) -> None:
    with pytest.raises(UnclearColumnsError):
        columns.find([{"tweet": "Hello", "class": "2"}], "tweets.csv", labels=[written])


def test_what_else_is_known_of_a_comment_is_found() -> None:
    row = {"comment_content": "Hello", "spam": "0", "comment_author": "A", "comment_author_IP": "::1", "url": "u"}

    found = columns.find([row], "comments.csv")

    assert found.fields == {"author_name": "comment_author", "author_url": "url", "author_ip": "comment_author_IP"}
