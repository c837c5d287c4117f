"""A run's outcome as a table."""

from collections import Counter

from rich.table import Table

from tests.chaos.run import Outcome


def table(title: str, outcome: Outcome) -> Table:
    verdict = outcome.verdict
    drawn = Table(title=title, title_justify="left")
    drawn.add_column("what")
    drawn.add_column("found", justify="right")
    drawn.add_column("must be", justify="right")
    promises = {
        "accepted, then lost": len(verdict.lost),
        "undecided": len(verdict.undecided),
        "decided twice": len(verdict.decided_twice),
        "present status without a webhook": len(verdict.unreported),
        "one decision under two webhook-ids": len(verdict.two_ids),
        "moderator's decisions without a webhook": len(verdict.unreported_reviews),
        "webhooks with a wrong signature": verdict.refused,
        "work left in the outbox": verdict.owed,
        "good requests refused": len(outcome.refused),
    }
    for what, found in promises.items():
        drawn.add_row(what, f"{found:,}", "0", style="bold red" if found else "green")
    drawn.add_section()
    for what, shown in _facts(outcome).items():
        drawn.add_row(what, shown)
    drawn.add_section()
    for what, times in sorted(outcome.faults.items()):
        drawn.add_row(what, str(times))
    return drawn


def _facts(outcome: Outcome) -> dict[str, str]:
    drained = outcome.drained_after
    return {
        "accepted (202)": f"{outcome.accepted:,}",
        "decided by the moderator": f"{outcome.reviews:,}",
        "webhooks, and how many came again": f"{outcome.webhooks:,}, {outcome.duplicates:,}",
        "readers who gave up": str(outcome.given_up),
        "drained after the last fault": "not" if drained is None else f"{drained:.1f} s",
        "202 after: p50, p99": _times(outcome.answer_times),
        "decided after: p50, p99, last": _times(outcome.decision_times, last=True),
        "ended by themselves": _listed(outcome.ended_by_themselves),
        "faults": f"{outcome.faults.total():,}",
    }


def _times(seconds: list[float], *, last: bool = False) -> str:
    if not seconds:
        return "none"
    ordered = sorted(seconds)
    shown = [ordered[int(share * (len(ordered) - 1))] for share in ((0.5, 0.99, 1.0) if last else (0.5, 0.99))]
    return ", ".join(f"{1000 * one:,.0f} ms" for one in shown)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {times}" for name, times in sorted(counts.items())) or "none"
