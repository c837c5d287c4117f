"""Which language a comment is taken for. The sentences are the tests' own."""

# ruff: noqa: RUF001
# Other scripts are what is tested.

import pytest

from workers import languages


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I think that you are right about the garden"),
        ("de", "Ich glaube nicht, dass das heute noch etwas wird"),
        ("fr", "Je ne comprends pas pourquoi vous dites cela"),
        ("es", "No entiendo por qué dices eso de los vecinos"),
        ("it", "Non capisco perché dite queste cose della città"),
        ("pt", "Eu não sei como você pode dizer isso dos outros"),
        ("nl", "Ik weet niet waarom jullie dat altijd zeggen"),
        ("sv", "Jag vet inte varför ni säger det om honom"),
        ("pl", "Nie wiem, dlaczego tak bardzo się boją"),
        ("tr", "Ben bunun için çok üzgünüm ama böyle olmaz"),
        ("ru", "Я не понимаю, зачем вы это пишете"),
        ("uk", "Я не розумію, навіщо ви це пишете її"),
        ("bg", "Не разбирам защо пишете това за хората тъй"),
        ("el", "Δεν καταλαβαίνω γιατί το γράφετε"),
        ("ja", "どうしてそんなことを書くのですか"),
        ("zh", "我不明白你为什么这样写"),
        ("ko", "왜 그런 말을 쓰는지 모르겠어요"),
        ("ar", "لا أفهم لماذا تكتب هذا"),
        ("th", "ไม่เข้าใจว่าทำไมถึงเขียนแบบนี้"),
        ("hi", "मुझे समझ नहीं आता कि आप यह क्यों लिखते हैं"),
    ],
)
def test_a_sentence_is_known_by_its_script_or_its_small_words(language: str, text: str) -> None:
    assert languages.detect(text) == language


@pytest.mark.parametrize("text", ["", "   ", "12345 !?", "🙂🙂", "ok", "Merci", "ㅋㅋ", "Gut so", "\ud800"])
def test_too_little_text_is_in_no_language(text: str) -> None:
    assert languages.detect(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "lmao bro u wildin fr fr no cap",
        "P E A C E & L O V E",
        "Que sera, sera: I love this song so much",
        "the war on die hard fans, comment below plus per view",
        "The naïve café owner's résumé was the best in the place",
        "He wrote that das Kapital is what he would read to them",
    ],
)
def test_english_with_foreign_looking_words_is_not_called_foreign(text: str) -> None:
    assert languages.detect(text) in {"en", None}


def test_look_alike_letters_do_not_make_english_russian() -> None:
    assert languages.detect("yоu аre аn idiоt аnd yоu knоw it") not in {"ru", "uk", "bg"}


def test_a_quoted_word_in_another_script_does_not_decide() -> None:
    assert languages.detect("They call this kind of thing 物の哀れ and I like it") == "en"


def test_links_and_names_are_not_read() -> None:
    assert languages.detect("https://der.die.example/und/nicht/das @ich @du #nicht") is None


def test_the_blogs_language_tips_the_balance_between_near_ones() -> None:
    between = "Det er en fin dag i dag"

    assert languages.detect(between, "da") == "da"
    assert languages.detect(between, "no") == "no"


def test_the_blogs_language_does_not_decide_against_the_text() -> None:
    assert languages.detect("I think that you are right about the garden", "de-AT") == "en"


def test_a_very_long_text_is_read_in_part() -> None:
    assert languages.detect("Ich weiß es nicht. " * 100_000) == "de"
