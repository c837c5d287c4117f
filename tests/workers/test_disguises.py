"""Disguised words are read as they are meant; texts in any language stay as they are."""

# ruff: noqa: RUF001, RUF005 - look-alike letters are what these tests are about.

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core import text
from workers import disguises

ANY_TEXT = st.text(st.one_of(st.characters(), st.sampled_from("a1!@$. -*\u202eіοᴀ")), max_size=120)


@pytest.mark.parametrize(
    "written",
    [
        "y0u 4r3 4n 1d10t",
        "you are an !d!0t",
        "y o u   a r e   a n   i d i o t",
        "y o u a r e a n i d i o t",
        "you are an i.d.i.o.t",
        "you are an i-d-i-o-t",
        "you are an i_d_i_o_t",
        "you are an i\nd\ni\no\nt",
        "you are an id iot",
        "you are an idi*t",
        "you are an iidiioott",
        "you are an idiooooot",
        "you are an ïdïöt",
        "you are an i̴d̷i̶o̸t",
        "you are an i\u200bd\u200bi\u200bo\u200bt",
        "Уоu аrе аn іdіоt",
        "you are an ιdιοτ",
        "you are an ᎥᎠᎥᎾᎢ".replace("Ꮎ", "О"),
        "ʏᴏᴜ ᴀʀᴇ ᴀɴ ɪᴅɪᴏᴛ",
        "ｙｏｕ ａｒｅ ａｎ ｉｄｉｏｔ",
        "you are an 🅸🅳🅸🅾🆃",
        "you are an ⒤⒟⒤⒪⒯",
        "you are an 🇮🇩🇮🇴🇹",
        "ʇoᴉpᴉ uɐ ǝɹɐ noʎ",
        "\u202etoidi na era uoy\u202c",
        "you are an \u202etoidi\u202c",
        "you are an i\u202ed\u202ciot",
        "toidi na era uoy",
        "you are an 1.d.1.0.t",
        "you are an і\u200bd1o\u0336t",
    ],
)
def test_every_disguise_of_an_insult_is_read(written: str) -> None:
    assert disguises.unveil(written).text == "you are an idiot"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("f*ck", "fuck"),
        ("sh#t", "shit"),
        ("a**hole", "asshole"),
        ("b****", "bitch"),
        ("$hit!", "shit!"),
        ("@sshole", "asshole"),
        ("$#!+", "shit"),
        ("fvck", "fuck"),
        ("n1gg3r", "nigger"),
        ("\\/\\/hore", "whore"),
        ("stu|pid", "stupid"),
    ],
)
def test_words_worth_hiding_are_read_alone(written: str, meant: str) -> None:
    assert disguises.unveil(written).text.rstrip("!") == meant.rstrip("!")


@pytest.mark.parametrize(
    "written",
    [
        "It costs $100k or 2,000.50, the 10th at 5pm; 3D, 4x4, 70s and 1080p.",
        "See https://example.org/a1?b=f*ck and write to s4m@example.org.",
        "Use x86_64, utf8, UTF-8, v1.2.3, C++, f(x), covid19, page5, windows10 and getElementById!",
        "The U.S.A., e.g. N.A.S.A., Ph.D. at 10 a.m.",
        "@sam wrote #wow2012 for AC/DC and/or **bold** *text* ~ 50%!",
        "The résumé of a naïve café owner, Beyoncé, El Niño, Pokémon, déjà vu.",
        "He s hit the ball and she didn t",
        "NFκB and TNFα, 5 kΩ, 3 μm, Δx",
        "A pen is here, a pre-cum laude, as is; the rapist",
        "Hmmm sooo coool, yesss!!!",
        "SMSка, VK-шный, iPhone'ов",
        "In commit 01a20f95-3032-745a-97f0-bbab5711a37e and 55ec5032-6f0e-4379-ba5e-68ddddb483a9.",
    ],
)
def test_ordinary_tokens_stay(written: str) -> None:
    assert disguises.unveil(written).text == text.normalise(written)


@pytest.mark.parametrize(
    "written",
    [
        "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Früh übt sich, größer!",
        "Tous les êtres humains naissent libres et égaux; où êtes-vous, à côté de la forêt ?",
        "Todos los seres humanos nacen libres; el niño está aquí, ¡qué día más típico!",
        "Tutti gli esseri umani nascono liberi; perché è così?",
        "Todos os seres humanos nascem livres; não há razão, avó e avô.",
        "Alla människor är födda fria; på ön går en gås.",
        "Wszyscy ludzie rodzą się wolni; źdźbło, łódź, ćma.",
        "Všichni lidé rodí se svobodní; příliš žluťoučký kůň.",
        "Minden ember szabadon születik; őrült tűző nap.",
        "Bütün insanlar hür doğar; güneş ışığı çok güçlü.",
        "Tất cả mọi người sinh ra đều được tự do và bình đẳng.",
        "Kaikki ihmiset syntyvät vapaina; hääyöaie, siis maan tuuli.",
        "Alle mensen worden vrij geboren; een raar koor, heel veel.",
        "Все люди рождаются свободными; сор, рот, какао.",
        "Усі люди народжуються вільними; її їжак.",
        "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι.",
        "Բոլոր մարդիկ ծնվում են ազատ ու հավասար։",
        "ᏂᎦᏓ ᎠᏂᏴᏫ ᏂᎨᎫᏓᎸᎾ ᎠᎴ ᎤᏂᎶᏍᏗ",
        "ყველა ადამიანი იბადება თავისუფალი",
        "יולד אדם חופשי ושווה בכבוד",
        "يولد جميع الناس أحراراً متساوين في الكرامة",
        "تمام انسان آزاد پیدا ہوئے ہیں",
        "सभी मनुष्य जन्म से स्वतंत्र हैं",
        "সমস্ত মানুষ স্বাধীনভাবে জন্মগ্রহণ করে",
        "மனிதர்கள் சுதந்திரமாகப் பிறக்கின்றனர்",
        "มนุษย์ทั้งหลายเกิดมามีอิสระ",
        "လူတိုင်းသည် လွတ်လပ်သော",
        "人人生而自由,在尊严和权利上一律平等。",
        "すべての人間は、生まれながらにして自由であり、Tシャツ",
        "모든 인간은 태어날 때부터 자유로우며",
        "ሰዎች ሁሉ በነጻነት ተወለዱ",
        "El fromage râpé et Michael Pröll, Łukasz, Håkan and Zoë",
        "🇮🇩 🇮🇳 🇺🇸 😀 ♥ 👍🏽",
    ],
)
def test_texts_of_any_language_stay(written: str) -> None:
    assert disguises.unveil(written).text == text.normalise(written)


def test_each_disguise_is_told() -> None:
    found = disguises.unveil("you 1d10t, f*ck you").found

    assert [(each.written, each.meant) for each in found] == [("1d10t,", "idiot"), ("f*ck", "fuck")]


@settings(deadline=None)
@given(ANY_TEXT)
def test_without_disguises_the_copy_is_the_normalised_text(written: str) -> None:
    unveiled = disguises.unveil(written)

    assert unveiled.text == text.normalise(unveiled.text)


@pytest.mark.parametrize(
    "hostile",
    ["1" * 50_000, "4a" * 25_000, "a " * 25_000, "s h i t " * 6_250, "f*ck " * 10_000, "a.b" * 16_000, "$" * 50_000]
    + [
        "iі" * 25_000,
        "\u202ea\u202c" * 16_000,
        "(a)" * 16_000,
        "th e " * 10_000,
        "é " * 25_000,
        "|\\/|" * 12_500,
        "*** " * 12_500,
    ],
)
def test_no_long_text_takes_more_than_linear_time(hostile: str) -> None:
    begin = process_time()
    disguises.unveil(hostile[: len(hostile) // 4])
    quarter = process_time() - begin
    disguises.unveil(hostile)

    # Four times as long for linear work, sixteen times for quadratic; small figures are noise.
    assert process_time() - begin - quarter < 10 * max(quarter, 0.2)
