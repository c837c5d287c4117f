"""What measures the harm of naming a group was never learnt."""

from workers.training import templates


def test_no_measured_sentence_is_learnt() -> None:
    measured = {naming.sentence for naming in templates.measured() if " " in naming.sentence}
    assert measured.isdisjoint(templates.learnt())


def test_no_template_is_both_learnt_and_measured() -> None:
    learnt = {*templates.LEARNT_NATION_SENTENCES, *templates.LEARNT_GROUP_SENTENCES}
    assert learnt.isdisjoint({*templates.MEASURED_NATION_SENTENCES, *templates.MEASURED_GROUP_SENTENCES})


def test_some_measured_names_are_never_learnt() -> None:
    learnt = " ".join(templates.learnt())
    measured = {naming.name for naming in templates.measured()}
    assert {"Japanese", "French", "gay"} <= {name for name in measured if name not in learnt}


def test_a_name_has_enough_sentences_to_tell_one_in_fifty() -> None:
    assert min(len(templates.MEASURED_NATION_SENTENCES), len(templates.MEASURED_GROUP_SENTENCES)) > 50
