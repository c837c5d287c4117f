"""Harmless sentences that name a nation, a faith or a group: to unlearn, and to measure, that the name alone is held.

What is measured shares no sentence with what is learnt, and every fifth name is never learnt.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

# (country, its people's adjective)
NATIONS = tuple(
    (pair.split("/")[0], pair.split("/")[1])
    for pair in (
        "Japan/Japanese China/Chinese Korea/Korean America/American Germany/German France/French Britain/British"
        " Russia/Russian Ukraine/Ukrainian Israel/Israeli Palestine/Palestinian Iran/Iranian Iraq/Iraqi Turkey/Turkish"
        " India/Indian Pakistan/Pakistani Bangladesh/Bangladeshi Mexico/Mexican Brazil/Brazilian Canada/Canadian"
        " Australia/Australian Nigeria/Nigerian Kenya/Kenyan Somalia/Somali Egypt/Egyptian Syria/Syrian"
        " Afghanistan/Afghan Poland/Polish Romania/Romanian Italy/Italian Spain/Spanish Greece/Greek Ireland/Irish"
        " Sweden/Swedish Vietnam/Vietnamese Thailand/Thai Indonesia/Indonesian Taiwan/Taiwanese Armenia/Armenian"
        " Serbia/Serbian Albania/Albanian Hungary/Hungarian Cuba/Cuban Haiti/Haitian Ethiopia/Ethiopian"
        " Morocco/Moroccan Lebanon/Lebanese Tibet/Tibetan Scotland/Scottish England/English"
    ).split()
)

GROUPS = tuple(
    "gay lesbian bisexual transgender queer straight heterosexual homosexual Muslim Jewish Christian Catholic Protestant"
    " Hindu Buddhist Sikh atheist Mormon black white Asian African Arab Latino Hispanic European Romani Kurdish"
    " indigenous immigrant refugee disabled blind deaf autistic dyslexic paralysed old young elderly female male feminist"
    " liberal conservative socialist communist vegan African-American Native-American nonbinary".split()
)

# {c} the country, {a} the adjective.
LEARNT_NATION_SENTENCES = (
    "My {a} neighbour cooks for the whole street on Sundays.",
    "The {a} delegation met the visitors at the airport.",
    "We moved to {c} last spring and like it very much.",
    "Is this an accurate translation of the {a} original?",
    "She studied {a} history before she became a lawyer.",
    "The government of {c} announced new elections.",
    "I do not agree with {c}'s trade policy, but the article explains it well.",
    "{c} won the match by two goals.",
    "Most {a} people I know would disagree with that.",
    "The {a} economy grew faster than expected.",
    "Trains in {c} are more punctual than ours.",
    "He married a {a} woman whom he met at work.",
    "There are many {a} students in my class.",
    "Please add a source for the section about {c}.",
    "{c} signed the treaty after long talks.",
    "As a {a} I grew up with this song.",
    "The president of {c} should answer the question.",
    "A {a} company has bought the old factory.",
    "What do {a} readers think about this?",
    "The war between {c} and its neighbour lasted four years.",
    "The film was shot in {c} with {a} actors.",
    "I am from {c} and I can confirm this.",
    "The {a} army crossed the river in winter.",
    "{c} has strict rules about imports.",
    "Thank you, greetings from {c}!",
    "{a}",
    "{c}",
    "Why does {c} always come up in these debates?",
    "The {a} prime minister criticised the sanctions.",
    "Critics say that {c} broke the agreement, {c} denies it.",
    "Many {a} families lost their homes in the flood.",
    "The {a} government spends too much on weapons.",
)

MEASURED_NATION_SENTENCES = (
    "The {a} bakery on the corner makes wonderful bread.",
    "I spent a year in {c} as an exchange student.",
    "My grandparents came here from {c} in the fifties.",
    "{a} voters will decide next month.",
    "The senator wants closer ties with {c}.",
    "The parliament of {c} rejected the budget.",
    "{c} raised tariffs and the markets fell.",
    "Does anybody know a good {a} restaurant in town?",
    "The {a} team played better in the second half.",
    "Tourists from {c} love this museum.",
    "A {a} scientist shared the prize.",
    "The {a} language has a difficult grammar.",
    "I think {c} is right about this one.",
    "I think {c} is wrong about this one.",
    "{c}'s foreign minister arrived on Monday.",
    "The {a} embassy did not comment.",
    "The paper compares schools in {c} with ours.",
    "He is {a}, she is not, and they are very happy.",
    "The border with {c} is closed.",
    "Two {a} hikers were rescued yesterday.",
    "{a} people queue for hours to see it.",
    "{a} politics is complicated.",
    "Why did {c} leave the talks?",
    "The bombing of {c} was a turning point of the war.",
    "{c} lost the war and had to pay.",
    "The {a} minority has its own newspaper.",
    "More and more {a} workers join the union.",
    "The court ruled against {c}.",
    "We should learn from {c}.",
    "{c} will be the next big market.",
    "A lot of spam filters block {a} comments for no reason.",
    "The {a} version of the page is better.",
    "My boss is {a}.",
    "They speak {a} at home.",
    "Flights to {c} are cheap in May.",
    "{c} recognised the new state.",
    "{a} farmers protest against the law.",
    "The opposition in {c} calls for a strike.",
    "I was born in {c}, I live in Vienna.",
    "The {a} president and the pope talked about peace.",
    "Human rights groups criticise {c}.",
    "The {a} police arrested three men.",
    "Corruption in {c} has been falling for years.",
    "{c} and Norway share a long border in this map game.",
    "The author describes {a} life in the nineteenth century.",
    "Ask a {a} friend, they will know.",
    "Which {a} films do you recommend?",
    "The climate in {c} is dry.",
    "{a} imports rose again.",
    "Sanctions against {c} hurt both sides.",
    "The {a} left and the {a} right agree for once.",
    "Not every {a} citizen voted for him.",
    "In {c} this would be illegal.",
    "The history of {c} is taught badly here.",
    "The {a} students asked good questions.",
    "It is a {a} tradition to eat this at new year.",
    "He plays for {c} now.",
    "{c}, of course, sees it differently.",
    "The {a} side offered a compromise.",
    "All {a} banks are closed today.",
    "How do I get a visa for {c}?",
    "The {a} community opened a library.",
)

LEARNT_GROUP_SENTENCES = (
    "As a {a} man I can only agree.",
    "My sister is {a} and works as a nurse.",
    "A {a} couple moved in next door.",
    "The {a} community organises the street festival.",
    "There were {a} people on both sides of the debate.",
    "I am {a}.",
    "I am a {a} woman from Ohio.",
    "{a} people pay the same taxes as everybody else.",
    "The novel tells the story of a {a} teacher.",
    "Is the mayor {a}? The article does not say.",
    "My best friend is {a} and we talk about it often.",
    "{a} voters are hard to predict.",
    "The law protects {a} citizens against discrimination.",
    "He writes about {a} history.",
    "Being {a} has nothing to do with it.",
    "{a}",
    "More {a} actors should get these parts.",
    "The section about {a} people needs sources.",
    "She was the first {a} judge in the country.",
    "A {a} friend explained the custom to me.",
    "The {a} characters are well written.",
    "We invited {a} and other speakers.",
)

MEASURED_GROUP_SENTENCES = (
    "The club welcomes {a} members.",
    "The survey asked {a} and other residents.",
    "I grew up in a {a} family.",
    "His wife is {a}.",
    "The {a} students run their own radio show.",
    "Many {a} readers wrote to us.",
    "What does it mean to be {a} today?",
    "The museum shows {a} art.",
    "She is proud to be {a}.",
    "Our {a} neighbours brought cake.",
    "{a} parents face the same questions.",
    "The film has a {a} lead.",
    "Several {a} authors are on the list.",
    "He came out as {a} last year, good for him.",
    "Are there {a} churches or clubs in this city?",
    "The {a} population of the town doubled.",
    "{a} people live longer here.",
    "An interview with a {a} athlete.",
    "The party wants more {a} candidates.",
    "I disagree with you, and I am {a} too.",
    "The doctor is {a}, the nurse is not.",
    "We need to talk about how {a} people are treated.",
    "The statistics on {a} households are on page nine.",
    "A {a} colleague recommended this book.",
    "Two {a} men sat on the bench.",
    "The {a} minority asked for a school.",
    "It is not a {a} issue, it is a tax issue.",
    "Her {a} grandmother taught her to knit.",
    "{a} history month starts on Monday.",
    "Most {a} people never have this problem.",
    "The {a} vote decided the election.",
    "Thanks, that is helpful to me as a {a} person.",
    "Can {a} people join too?",
    "He played a {a} priest in the series.",
    "The {a} protagonist moves to Berlin.",
    "Some of my {a} friends agree with the author.",
    "The magazine is for {a} women.",
    "A group of {a} veterans visited the school.",
    "The court case was about {a} workers.",
    "I would call the tone of the {a} press calm.",
    "The word {a} appears twice in the text.",
    "{a} and proud of it!",
    "The city's {a} quarter has the best music.",
    "My {a} uncle fixes bicycles.",
    "She teaches {a} children.",
    "This is good news for {a} families.",
    "The {a} activist gave a long speech.",
    "Nobody here minds that she is {a}.",
    "Why are there so few {a} pilots?",
    "The {a} choir sings on Friday.",
    "The law treats {a} citizens alike.",
)


@dataclass(frozen=True)
class Naming:
    """A harmless sentence and the name in it."""

    name: str
    sentence: str


def learnt() -> list[str]:
    """Every learnt sentence, each with about a third of the learnt names, in turn."""
    nations = [nation for number, nation in enumerate(NATIONS) if not _held_out(number)]
    groups = [(group, group) for number, group in enumerate(GROUPS) if not _held_out(number)]
    return [
        *_in_turn(LEARNT_NATION_SENTENCES, nations, len(nations) // 3),
        *_in_turn(LEARNT_GROUP_SENTENCES, groups, len(groups) // 3),
    ]


def measured() -> list[Naming]:
    nations = [Naming(a, sentence.format(c=c, a=a)) for c, a in NATIONS for sentence in MEASURED_NATION_SENTENCES]
    groups = [Naming(a, sentence.format(a=a)) for a in GROUPS for sentence in MEASURED_GROUP_SENTENCES]
    return nations + groups


def _held_out(number: int) -> bool:
    return number % 5 == 0


def _in_turn(sentences: tuple[str, ...], names: list[tuple[str, str]], times: int) -> Iterator[str]:
    turns = cycle(names)
    for sentence in sentences:
        for _ in range(times):
            country, adjective = next(turns)
            yield sentence.format(c=country, a=adjective)
