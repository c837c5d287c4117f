"""Links: how many, how dense, and where they lead."""

import pytest

from tests.workers.signals.sightings import QUIET, sight, weight
from workers.signals import addresses, links, lists

MALFORMED = [
    "http://[::1",
    "http://[",
    "http://]",
    "http://",
    "https://///",
    "http://:80",
    "http://[v1.x]/",
    "www.",
    "http://a:b:c:99999999",
    "http://\u2100.example",
    "http://%00/",
    "http://xn--\u00e9",
    "http://..",
    "http://@",
]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("no link at all", 0),
        ("wwwhat? http is a protocol, https: too", 0),
        ("see http://a.example", 1),
        ("see HTTPS://A.EXAMPLE and www.b.example.", 2),
        ("http://www.a.example", 1),
        ('<a href="http://a.example">here</a>', 1),
        ("<a href='http://a.example'>http://a.example</a>", 1),
        ('<A class="x"\n HREF = "http://a.example">here</A>', 1),
        ('<a href="http://a.example">here</a> and http://b.example', 2),
        ('<a href="/about">here</a>', 1),
        ('<a name="top">here</a>', 0),
        ("[url=http://a.example]here[/url]", 1),
        ("[url]http://a.example[/url]", 1),
        ("<abbr title='href=x'>A</abbr>", 0),
    ],
)
def test_links_are_counted_as_a_reader_counts_them(text: str, count: int) -> None:
    assert addresses.count(text) == count


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("http://WWW.Bit.Ly/x?y#z", ["bit.ly"]),
        ("www.a.example:8080/x", ["a.example"]),
        ("(http://a.example) <http://b.example> 'http://c.example'", ["a.example", "b.example", "c.example"]),
        ("http://safe.example@bit.ly/", ["bit.ly"]),
        ("http://bit.ly./x", ["bit.ly"]),
        ("nothing", []),
    ],
)
def test_the_host_of_each_link_is_found(text: str, hosts: list[str]) -> None:
    assert addresses.hosts(text) == hosts


@pytest.mark.parametrize("url", MALFORMED)
def test_a_malformed_url_never_raises(url: str) -> None:
    sighting = sight(f"{url} {url}/x", author_url=url)

    assert all(isinstance(host, str) for host in addresses.hosts(sighting.content.text))
    assert links.listed(sighting) is None
    assert links.shortened(sighting) is None


@pytest.mark.parametrize(
    ("text", "reason"), [("http://a.example", "A link in the text."), ("www.a.x www.b.x", "2 links in the text.")]
)
def test_links_speak_for_spam(text: str, reason: str) -> None:
    signal = links.many(sight(text))

    assert signal is not None
    assert weight(signal) > 0
    assert signal.reason == reason


def test_a_text_without_links_gets_no_signal_from_them() -> None:
    sighting = sight()

    assert [see(sighting) for see in (links.many, links.mostly_links, links.forum_markup, links.listed)] == [None] * 4


def test_the_weight_of_links_has_an_end() -> None:
    few, many = (links.many(sight("http://a.example " * count)) for count in (20, 500))

    assert few is not None
    assert many is not None
    assert weight(few) == weight(many)


def test_a_link_with_hardly_a_word_speaks_for_spam() -> None:
    signal = links.mostly_links(sight("Look here: http://a.example"))

    assert signal is not None
    assert weight(signal) > 0
    assert signal.reason == "Little text beside the link."


def test_a_link_within_a_sentence_says_nothing_about_its_density() -> None:
    assert links.mostly_links(sight(f"{QUIET} http://a.example")) is None


@pytest.mark.parametrize("text", ["[url=http://a.example]x[/url]", "[URL]x[/URL]", "[link=x]y[/link]"])
def test_forum_markup_speaks_for_spam(text: str) -> None:
    signal = links.forum_markup(sight(text))

    assert signal is not None
    assert weight(signal) > 0
    assert signal.reason == "Forum markup ([url]) in a blog comment."


@pytest.mark.parametrize("text", ["[urls are fun]", "[1] a footnote", "[curl]"])
def test_other_brackets_are_no_forum_markup(text: str) -> None:
    assert links.forum_markup(sight(text)) is None


@pytest.mark.parametrize("where", ["text", "author_url", "subdomain", "bare"])
def test_a_known_spam_domain_is_told(where: str) -> None:
    domain = min(lists.spam_domains())
    sighting = {
        "text": sight(f"http://{domain}/x"),
        "author_url": sight(author_url=f"https://{domain}"),
        "subdomain": sight(f"http://a.{domain}/x"),
        "bare": sight(author_url=domain),
    }[where]
    named = f"a.{domain}" if where == "subdomain" else domain

    signal = links.listed(sighting)

    assert signal is not None
    assert weight(signal) > 0
    assert signal.reason == f"Links to a known spam domain ({named})."


def test_a_shortened_link_is_told() -> None:
    signal = links.shortened(sight("see https://bit.ly/3x"))

    assert signal is not None
    assert weight(signal) > 0
    assert signal.reason == "A shortened link hides its target (bit.ly)."


def test_a_host_that_only_ends_like_a_shortener_is_not_told() -> None:
    assert links.shortened(sight("see https://orbit.ly/3x")) is None


@pytest.mark.parametrize(
    "shown", ["http://a.example/x", " www.a.example", " github.com/aiko/tools ", "en.wikipedia.org", "A.example/x..."]
)
def test_a_link_that_shows_its_address_is_no_keyword(shown: str) -> None:
    assert links.keyword_links(sight(f'See <a href="http://a.example/x">{shown}</a>.')) is None


@pytest.mark.parametrize("shown", ["cheap watches", "watches", "best.of watches"])
def test_words_that_are_links_speak_for_spam(shown: str) -> None:
    signal = links.keyword_links(sight(f'<a href="http://a.example/x">{shown}</a>'))

    assert signal is not None
    assert weight(signal) > 0
