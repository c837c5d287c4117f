"""Decide a comment again, under other rules, from what its verdict has kept: no engine is asked."""

import dataclasses

from service.core import policy
from service.core.policy import Verdict
from workers import judgement, reading
from workers.judgement import Case


def decide(case: Case, kept: Verdict) -> Verdict | None:
    """What the case's policy makes of the scores and signals that were kept; None where nothing was scored."""
    if not kept.scores:
        return None
    found = judgement.evidence(case, reading.read(case.comment.text), kept.scores, kept.signals)
    verdict = policy.decide(case.policy, dataclasses.replace(found, language=kept.language, judged=kept.judged))
    return verdict.model_copy(update={"engine": kept.engine, "policy_version": case.policy_version})
