"""Texts on which an exported model is compared with its source: short and long, kind and nasty, in several scripts."""

_LONG = "I have read the whole article twice and I still do not see what the fuss is about. "

TEXTS = (
    "",
    "Thanks, this helped me a lot!",
    "I disagree with the second paragraph, but it is well argued.",
    "You are an idiot and everybody here knows it.",
    "What a stupid, worthless piece of garbage this is.",
    "Shut up, you pathetic liar.",
    "I will find you and break your legs.",
    "Somebody should shoot them all.",
    "This is total bullshit, and you damn well know it.",
    "Go back to where you came from, nobody wants your kind here.",
    "As a gay man I felt welcome in this town.",
    "My Muslim neighbours brought us cake on Sunday.",
    "The committee meets on the 3rd at 14:30 in room 2.",
    "lol u r so dumb",
    "WHY DOES NOBODY ANSWER MY QUESTION???",
    "Great photo 😀👍",
    "Ich finde das nicht gut, aber es ist ihre Meinung.",
    "Quel imbécile, il ne comprend rien.",
    "Eres un idiota y no sabes nada.",
    "Что за чушь вы пишете?",
    "ありがとうございます",
    "x" * 300,
    _LONG * 12,
    _LONG * 40 + "You are an idiot.",
)
