"""A process that posts to one URL after another and tells what each cost: seconds, memory, length of what is kept."""

import asyncio
import json
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from workers import outbound

WITHIN = timedelta(seconds=0.5)


async def main() -> None:
    urls: dict[str, str] = json.loads(sys.argv[1])
    async with outbound.Client(allow_private=True) as client:
        for name, url in urls.items():
            sys.stdout.write(json.dumps({"name": name, **await _cost(client, url)}) + "\n")


async def _cost(client: outbound.Client, url: str) -> dict[str, Any]:
    before, started = _reset_peak(), time.monotonic()
    try:
        answer = await client.post(url, b"{}" * 500, {"content-type": "application/json"}, within=WITHIN)
        ended, text = "Answer", answer.text
    except outbound.OutboundError as error:
        ended, text = type(error).__name__, str(error)
    seconds = time.monotonic() - started
    return {"ended": ended, "seconds": seconds, "kilobytes": _peak() - before, "length": len(text.encode())}


def _reset_peak() -> int:
    """Make what this process holds now its peak (proc(5)), and give it back in kilobytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


if __name__ == "__main__":
    asyncio.run(main())
