"""Messages in templates are translated when these are compiled, and what is not known then afterwards."""

import pytest
from jinja2 import Environment

from service.console.wording import Wording

GERMAN = {"Held": "Zurückgehalten", "a<b": "ä<b"}


@pytest.mark.parametrize(
    ("template", "page"),
    [
        ('{{ _("Held") }}', "Zurückgehalten"),
        ("<b title=\"{{ _('Held') }}\">", '<b title="Zurückgehalten">'),
        ('{{ _("a<b") }}', "ä&lt;b"),
        ('{{ _("Held") | upper }} {% set x = _("Held") %}{{ x }}', "ZURÜCKGEHALTEN Zurückgehalten"),
        ("{{ _(name) }}", "Zurückgehalten"),
        ('{% if name == "Held" and not other("Held") %}{{ _("Held" ~ "") }}{% endif %}', "Zurückgehalten"),
    ],
)
def test_a_message_is_said_in_the_page_s_language(template: str, page: str) -> None:
    environment = Environment(autoescape=True, extensions=[Wording])
    environment.globals.update(_=lambda text: GERMAN[text], other=lambda _: False)

    assert environment.from_string(template).render(name="Held") == page


def test_what_is_known_beforehand_is_not_looked_up_again() -> None:
    looked_up: list[str] = []

    def look_up(text: str) -> str:
        looked_up.append(text)
        return text

    environment = Environment(autoescape=True, extensions=[Wording])
    environment.globals["_"] = look_up
    template = environment.from_string('{{ _("Held") }}')

    assert [template.render() for _ in range(3)] == ["Held"] * 3
    assert looked_up == ["Held"]
