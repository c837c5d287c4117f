"""What Akismet tells of an account: subscription, statistics, usage, sites. Here a key is a site's, without limit."""

import csv
import io
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from service.compat.akismet import fields as fields_of
from service.compat.akismet.answers import AkismetRoute, word
from service.compat.akismet.fields import Fields
from service.compat.akismet.questions import Counted, Question, counted, question
from service.core import akismet_keys, db, tallies
from service.core.db import Database
from service.core.tallies import Tally
from service.web import DatabaseDep

router = APIRouter(route_class=AkismetRoute, include_in_schema=False)

# Older comments than this are not counted: a request may keep the database for a second.
_ALL = timedelta(days=1095)
_HALF_YEAR = timedelta(days=183)
_COLUMNS = ("Site", "Total API Calls", "Spam", "Ham", "Missed Spam", "False Positives", "Is Revoked")
_MOST_SITES = 500


@router.post("/1.1/get-subscription")
async def get_subscription(asked: Counted) -> Response:
    return JSONResponse(
        {
            "account_id": asked.client.key.id,
            "account_name": asked.client.site.name,
            "account_email": "",
            "status": "active",
            "account_type": "self-hosted",
            "limit_reached": False,
            "next_billing_date": False,
        }
    )


@router.post("/1.1/get-stats")
async def get_stats(asked: Counted, database: DatabaseDep) -> Response:
    """`from` is 60-days, 6-months or all; the last by month, for three years."""
    span = asked.fields.get("from", "all")
    found = await run_in_threadpool(_tallies, database, asked, span)
    whole = _whole(found)
    judged = whole.spam + whole.ham
    wrong = whole.missed_spam + whole.false_positives
    breakdown = {name: {**_counts(tally), "da": f"{name}-01"[:10]} for name, tally in found.items()}
    accuracy = round(100 * max(0.0, 1 - wrong / judged), 2) if judged else 100
    return JSONResponse({**_counts(whole), "accuracy": accuracy, "time_saved": 0, "breakdown": breakdown})


@router.api_route("/1.2/usage-limit", methods=["GET", "POST"])
async def usage_limit(asked: Counted, database: DatabaseDep) -> Response:
    found = await run_in_threadpool(_tallies, database, asked, "month")
    limit = {"limit": "none", "usage": _whole(found).total, "percentage": "0.00", "throttled": False}
    extended = {"notice_level": "none", "upgrade": False}
    return JSONResponse(limit | (extended if fields_of.is_true(asked.fields, "extended") else {}))


@router.api_route("/1.2/key-sites", methods=["GET", "POST"])
async def key_sites(request: Request, database: DatabaseDep) -> Response:
    """The one site of the key, in a month. PyPI's akismet 25.10.1 sends no key at all: it gets an empty list."""
    fields = await fields_of.read(request)
    month = _month(fields)
    if not any(akismet_keys.has_form(text) for text in fields_of.candidates(request, fields)):
        return JSONResponse({month: [], "limit": _MOST_SITES, "offset": 0, "total": 0})
    asked = await counted(request, database, await question(request, database))
    found = (await run_in_threadpool(_tallies, database, asked, "all")).get(month, Tally())
    name = asked.client.akismet.blog or asked.client.site.name
    rows = [name] if fields.get("filter", "") in name and not int(_number(fields, "offset", 0)) else []
    page = {"limit": _number(fields, "limit", _MOST_SITES), "offset": _number(fields, "offset", 0), "total": 1}
    if fields.get("format") == "csv":
        told = ", ".join(f"{key}: {value}" for key, value in page.items())
        # Which key it is, the asker knows; a file with it may end up anywhere.
        return word(f"Active sites for {asked.client.key.id} during {month} ({told}).\n{_csv(rows, found)}")
    sites = [{"site": row, "api_calls": str(found.total), **_written(found), "is_revoked": False} for row in rows]
    return JSONResponse({month: sites, **page})


def _tallies(database: Database, asked: Question, span: str) -> dict[str, Tally]:
    by_period = tallies.by_day if span == "60-days" else tallies.by_month
    with database.reading() as session:
        return by_period(session, asked.client.site.id, _since(db.now(session), span))


def _since(now: datetime, span: str) -> datetime:
    match span:
        case "60-days":
            return now - timedelta(days=60)
        case "6-months":
            return now - _HALF_YEAR
        case "month":
            return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return now - _ALL


def _whole(found: dict[str, Tally]) -> Tally:
    whole = Tally()
    for tally in found.values():
        whole.add(tally)
    return whole


def _counts(tally: Tally) -> dict[str, int]:
    return {name: number for name, number in vars(tally).items() if name != "total"}


def _written(tally: Tally) -> dict[str, str]:
    return {name: str(number) for name, number in _counts(tally).items()}


def _csv(rows: list[str], tally: Tally) -> str:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([name, tally.total, *_written(tally).values(), "false"] for name in rows)
    return table.getvalue()


def _month(fields: Fields) -> str:
    try:
        return datetime.strptime(fields.get("month", ""), "%Y-%m").replace(tzinfo=UTC).strftime("%Y-%m")
    except ValueError:
        return datetime.now(UTC).strftime("%Y-%m")


def _number(fields: Fields, name: str, otherwise: int) -> int:
    value = fields.get(name, "")
    return int(value[:6]) if value.isascii() and value.isdigit() else otherwise
