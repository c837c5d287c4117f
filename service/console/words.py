"""The words of the core that the console translates: it says them in English, and knows no languages."""

from service.console.language import N_
from service.core.models import Category

CATEGORY_WORDS = {
    Category.SPAM: N_("spam"),
    Category.TOXIC: N_("toxic"),
    Category.OFF_TOPIC: N_("off topic"),
    Category.OTHER: N_("other"),
}
LABEL_WORDS = {
    "toxicity": N_("Toxicity"),
    "severe_toxicity": N_("Severe toxicity"),
    "obscene": N_("Obscene language"),
    "threat": N_("Threat"),
    "insult": N_("Insult"),
    "identity_attack": N_("Attack on a group"),
    "spam": N_("Spam"),
}
STATUS_WORDS = (N_("Pending"), N_("Held"), N_("Approved"), N_("Rejected"))
ERRORS = (
    N_("The comment has changed meanwhile; look at it again."),
    N_("There is no such comment at your sites."),
    N_("This form belongs to another session. Nothing has changed."),
    N_("This form was sent from somewhere else. Nothing has changed."),
    N_("This author has neither an account nor an e-mail address."),
    N_("This comment does not link there."),
    N_("The site's list cannot take this: it is full, or the entry is no word."),
    N_("This site's policy cannot be read; save it anew first."),
    N_("This site's policy has no such version."),
    N_("These rules do not fit this Gatepost any more."),
    N_("Somebody has saved other rules meanwhile; look at those first."),
    N_("This invitation holds no longer. Ask for another one."),
    N_("There is no such invitation."),
    N_("There is no such moderator at this site."),
    N_("Your own place and account are another admin's to change."),
    N_("They work at sites that are not yours too: the operator can reset it."),
    N_("This session has ended already."),
    N_("This is not your password."),
    N_("This is not the code that your app shows now, or it was used already."),
    N_("Too many logins have failed; try again in 15 minutes."),
    N_("Too many are logging in at once; try again in a moment."),
    N_("Your second factor is on already."),
    N_("Your second factor is off."),
    N_("There is no second factor to switch on."),
    N_("A Coral key needs the secret that Coral shows."),
    N_("Only who is an admin at every site makes another one."),
    N_("A site needs a name."),
    N_("You are a moderator at none of your sites."),
    N_("There is no such webhook endpoint at this site."),
    N_("There is no such delivery at this site."),
    N_("A webhook goes to an https:// address on the public internet."),
    N_("Akismet's plugin takes no test event: it hears of comments that it asked about."),
    N_("A password has 12 to 1,000 characters."),
    N_("Too many keys of this endpoint are live; wait until the oldest has ended."),
    N_("This link is not whole, or not one of ours. Copy all of it from the mail."),
    N_("This link has expired. What is still held waits in the console."),
    N_("This link holds no longer: your account or your role has changed since. Log in to the console instead."),
    N_("The comment has been erased meanwhile."),
    # Of mails, which say the same.
    N_("Reject as spam"),
    N_("Reject as toxic"),
)
NAMES = (
    N_("The policy"),
    N_("The blog"),
    N_("The import"),
    N_("The operator"),
    N_("Somebody"),
    N_("A former moderator"),
    N_("Retention"),
)
