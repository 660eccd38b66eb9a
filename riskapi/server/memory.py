"""The memory of the serving process: one heap, whose free end goes back to the system."""

import ctypes

_M_TRIM_THRESHOLD, _M_ARENA_MAX = -1, -8
_TRIM_BYTES = 64 * 1024


def keep_one_heap() -> bool:
    """Have all threads share one heap, to be called before they start; a tenth of the memory goes without it.

    By default the C library gives each thread a heap of its own, for speed that threads of one interpreter, which take
    turns, cannot use.

    Returns:
        Whether the C library takes such wishes; others than GNU's do not.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return bool(mallopt(_M_ARENA_MAX, 1) and mallopt(_M_TRIM_THRESHOLD, _TRIM_BYTES))
