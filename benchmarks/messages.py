"""How long readers take, beside a plain split of the same bytes and beside pydifact; and a whole list over HTTP.

    python benchmarks/messages.py

All sides read the same messages in turns; the best of some rounds counts. A plain split cuts the bytes at every
separator and looks at nothing; it is what no reader can do without. The list goes to ``POST /v1/messages`` of a service
with three models: every passenger is scored with reasons, and stored, before the answer comes.
"""

import gc
import shutil
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import httpx
from installation import install
from score_http import start
from setting import ROOT

from riskapi.demo.programs import free_port
from riskapi.messages.base import Findings
from riskapi.messages.edifact.messages import edifact_messages
from riskapi.messages.kinds import read_message
from tests.riskapi.messages.wire import Pushed, as_telex, list_segments, push_segments, written

ROUNDS = 15
PASSENGERS, LISTS = 250, 20
WORK = ROOT / "messages"


def plain_split(raw: bytes) -> int:
    """Cut bytes into segments, elements and components, and count the segments."""
    return len([[element.split(b":") for element in one.split(b"+")] for one in raw.split(b"'")])


def segments(raw: bytes) -> int:
    """Find segments; their elements are taken apart when somebody asks for them."""
    return sum(len(part.segments) for part in edifact_messages(raw, Findings()))


def elements(raw: bytes) -> int:
    """Find segments and take every element of each apart, as a reader that needs all of them would."""
    return len([one.parts for part in edifact_messages(raw, Findings()) for one in part.segments])


def pydifact_tokens(raw: bytes) -> int:
    """Do the same with pydifact."""
    from pydifact.segmentcollection import Interchange  # noqa: PLC0415 - measured only where it is installed

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one warning for each segment without a table
        return len(Interchange.from_str(raw.decode()).segments)


def best(call: Callable[[bytes], object], raw: bytes) -> float:
    """Milliseconds of processor time of the fastest of some rounds, without garbage collection, as timeit measures."""
    times = []
    gc.disable()
    for _ in range(ROUNDS):
        began = time.process_time()
        call(raw)
        times.append((time.process_time() - began) * 1000)
    gc.enable()
    return min(times)


def whole_lists() -> list[float]:
    """Milliseconds from sending a list of passengers to the answer with all of them scored and stored."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    port, times = free_port(8000), []
    env, headers = install(WORK, RISKAPI_PORT=str(port))
    headers |= {"Content-Type": "application/edifact"}
    with ExitStack() as stack:
        start(stack, ["riskapi", "serve"], f"http://127.0.0.1:{port}/health/ready", env)
        client = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60))
        for number in range(LISTS + 1):
            text = written(list_segments(PASSENGERS)).replace("KQ416", f"KQ{500 + number}")
            began = time.perf_counter()
            answer = client.post("/v1/messages", content=text.encode(), headers=headers)
            times.append((time.perf_counter() - began) * 1000)
            found = answer.raise_for_status().json()
            if (scored := found["scored"]) != PASSENGERS:
                sys.exit(f"{scored} of {PASSENGERS} passengers were scored")
    return times[1:]  # the first one warms up


def main() -> None:
    """Print one table, and a line for what it leaves out."""
    people = [one for one in list_segments(300) if not one.startswith(("UNG", "UNE"))]  # pydifact cannot read groups
    bookings = push_segments(*[Pushed(locator=f"LOC{place:03d}") for place in range(150)])
    samples = {"list of 300": written(people), "push of 150 bookings": written(bookings)}
    sides: dict[str, Callable[[bytes], object]] = {
        "plain split": plain_split,
        "segments": segments,
        "all elements": elements,
        "pydifact": pydifact_tokens,
        "records": read_message,
    }
    print(
        "| message | kB | count | "
        + " | ".join(f"{name} ms" for name in sides)
        + " | elements / split | pydifact / elements |"
    )
    print("|---" * (len(sides) + 5) + "|")
    for name, text in samples.items():
        raw = text.encode()
        found = {side: best(call, raw) for side, call in sides.items()}
        ratios = found["all elements"] / found["plain split"], found["pydifact"] / found["all elements"]
        cells = [name, f"{len(raw) / 1000:.0f}", f"{plain_split(raw):,}", *[f"{value:.2f}" for value in found.values()]]
        print("| " + " | ".join([*cells, *[f"{ratio:.1f}" for ratio in ratios]]) + " |")
    clean = samples["list of 300"]
    ratio = best(read_message, as_telex(clean).encode()) / best(read_message, clean.encode())
    print(f"\nThe list as telex leaves it takes {ratio:.2f} times as long as the clean one.")
    times = whole_lists()
    print(
        f"\nA list of {PASSENGERS} passengers over HTTP, each scored for three risks with reasons and stored: "
        f"{statistics.median(times):.0f} ms at the median of {LISTS} lists, {max(times):.0f} ms at most."
    )


if __name__ == "__main__":
    main()
