"""Feeds readers what no standard foresees, guided by coverage where atheris is installed; not part of the tests.

    python tests/fuzz/readers.py edifact --seconds 120

Documented errors are expected; any other, a record that breaks the laws below, or a message that takes more than five
seconds ends the run with a trace and exit code 1.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # the packages beside this script, whether installed or not

try:
    import atheris
except ImportError:
    atheris = None

if atheris is not None:
    with atheris.instrument_imports(include=["riskapi.messages", "features.mrz"], enable_loader_override=False):
        from riskapi.messages import kinds
else:
    from riskapi.messages import kinds

from riskapi.errors import ServiceError
from tests.riskapi.messages.test_kinds import CROSSING, SAMPLES, mutated

SLOWEST_SECONDS = 5.0
STARTS = {
    "edifact": ("list", "list as telex", "us list", "push", "push as telex", "both"),
    "voyage-manifest": ("manifest",),
    "gtas-summaries": ("summaries",),
    "gtas-profiles": ("profiles",),
    "zones": ("zones",),
    "zones-json": ("zones in JSON",),
    "any": tuple(SAMPLES),
}
"""Reader -> samples that its corpus starts from."""


def check(reader: str) -> Callable[[bytes], None]:
    """Make the function that reads one input and checks what comes of it."""
    kind = None if reader == "any" else reader

    def read(raw: bytes) -> None:
        began = time.perf_counter()
        try:
            message = kinds.read_message(raw, kind, CROSSING)
        except ServiceError:
            return
        finally:
            if (seconds := time.perf_counter() - began) > SLOWEST_SECONDS:
                raise RuntimeError(f"{len(raw)} bytes took {seconds:.1f} seconds")
        names = [record.record_id for record in message.records]
        if len(set(names)) < len(names) or len(names) > message.persons:
            raise RuntimeError("records are not one for each person")

    return read


def main() -> None:
    """Run one reader for some seconds."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("reader", choices=STARTS)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    read = check(asked.reader)
    samples = [SAMPLES[name].encode() for name in STARTS[asked.reader]]
    if atheris is None:
        rng, until, inputs = random.Random(asked.seed), time.monotonic() + asked.seconds, 0
        while time.monotonic() < until:
            read(mutated(rng.choice(samples), rng))
            inputs += 1
        sys.stdout.write(f"{asked.reader}: {inputs:,} mutations, nothing found\n")
        return
    with tempfile.TemporaryDirectory() as corpus:
        for place, sample in enumerate(samples):
            (Path(corpus) / str(place)).write_bytes(sample)
        limits = [f"-max_total_time={asked.seconds}", f"-seed={asked.seed}", "-max_len=20000", "-timeout=20"]
        atheris.Setup([sys.argv[0], *limits, corpus], read)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
