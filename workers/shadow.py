"""Shadow mode: let a site's policy or engine on trial decide the same comments, after the live verdicts are settled."""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import structlog

from service.core import shadows
from service.core.db import Database
from service.core.models import Shadow, ShadowVerdict
from service.core.policy import Verdict
from service.core.settings import Settings
from workers import judgement, replay
from workers.judgement import Case, Scorer

log = structlog.get_logger()


@dataclass(frozen=True)
class Trial:
    """One comment on trial: the live verdict, and the case with the shadow's rules."""

    shadow: Shadow
    case: Case
    live: Verdict


def observe(database: Database, scorer: Scorer, settings: Settings, settled: Sequence[tuple[Case, Verdict]]) -> None:
    """Keep what the sites' shadows say of what was settled. Whatever breaks here is logged, and breaks nothing else."""
    live: dict[UUID, Shadow] = {}
    with _harmless(), database.reading() as session:
        live = shadows.live(session, {case.comment.site_id for case, _ in settled})
    for site_id, shadow in live.items():
        with _harmless():
            _observe(database, scorer, settings, shadow, [one for one in settled if one[0].comment.site_id == site_id])


@contextmanager
def _harmless() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 - a trial must not disturb what decides
        log.warning("shadow.failed", error=type(error).__name__)


def _observe(
    database: Database,
    scorer: Scorer,
    settings: Settings,
    shadow: Shadow,
    settled: Sequence[tuple[Case, Verdict]],
) -> None:
    trials = [
        Trial(shadow, dataclasses.replace(case, policy=shadows.policy(shadow, case.policy)), live)
        for case, live in settled
        # A comment that was held without any score says nothing about a shadow.
        if live.scores
    ]
    if shadow.engine is None:
        said = {trial.case.comment.id: replay.decide(trial.case, trial.live) for trial in trials}
    elif scorer.shadow is not None and shadow.engine == settings.shadow_engine:
        said = _judge(dataclasses.replace(scorer, engine=scorer.shadow), trials)
    else:
        log.warning("shadow.engine_missing", wanted=shadow.engine, loaded=settings.shadow_engine)
        return
    rows = [_row(trial, verdict) for trial in trials if (verdict := said[trial.case.comment.id])]
    if rows:
        with database.transaction() as session:
            shadows.record(session, rows)


def _judge(scorer: Scorer, trials: Sequence[Trial]) -> dict[UUID, Verdict | None]:
    cases = [trial.case for trial in trials]
    verdicts = judgement.judge(scorer, cases)
    return {case.comment.id: verdict for case, verdict in zip(cases, verdicts, strict=True)}


def _row(trial: Trial, verdict: Verdict) -> ShadowVerdict:
    return ShadowVerdict(
        shadow_id=trial.shadow.id,
        comment_id=trial.case.comment.id,
        site_id=trial.case.comment.site_id,
        live_decision=trial.live.decision,
        live_rule=trial.live.rule,
        decision=verdict.decision,
        rule=verdict.rule,
        scores=verdict.scores,
        engine=verdict.engine,
    )
