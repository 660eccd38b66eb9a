import os
import time
import uuid

from riskapi.ids import is_uuid, uuid7


def test_ids_are_version_7_of_the_standard_and_sort_by_time():
    """The first 48 bits are the milliseconds of RFC 9562, and a later id sorts after an earlier one."""
    made = [uuid7(1_700_000_000_000_000_000 + step * 1_000_000) for step in range(100)]
    assert made == sorted(made)
    for step, text in enumerate(made):
        read = uuid.UUID(text)
        assert read.version == 7
        assert read.variant == uuid.RFC_4122
        assert read.int >> 80 == 1_700_000_000_000 + step
        assert is_uuid(text)


def test_ids_within_a_millisecond_sort_by_its_fraction():
    """Twelve further bits hold the fraction of the millisecond."""
    made = [uuid7(1_700_000_000_000_000_000 + step * 1_000) for step in range(1000)]
    assert made == sorted(made)


def test_no_two_ids_are_alike():
    """Sixty-two random bits part ids of the same moment."""
    moment = time.time_ns()
    assert len({uuid7(moment) for _ in range(5000)}) == 5000


def test_forked_process_makes_ids_of_its_own():
    """A copy of the process does not repeat the random bits of its parent."""
    uuid7(0)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, "".join(uuid7(0) for _ in range(20)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    theirs = {text[start : start + 36] for start in range(0, len(text), 36)}
    assert len(theirs) == 20
    assert theirs.isdisjoint(uuid7(0) for _ in range(20))
