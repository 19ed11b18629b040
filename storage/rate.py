"""Draws committed within the last hour, in one small ring of minutes that rides in the progress row."""

import struct

_MINUTES = 60
_RING = struct.Struct(f"<q{_MINUTES}I")  # the minute last written, then one count for each minute modulo 60
_COUNT_MAX = 2**32 - 1


def add_minute(packed: bytes, now_seconds: float, draws: int) -> bytes:
    """Return the ring with ``draws`` more in the present minute."""
    minute, counts = _advanced(packed, now_seconds)
    counts[minute % _MINUTES] = min(counts[minute % _MINUTES] + draws, _COUNT_MAX)
    return _RING.pack(minute, *counts)


def draws_last_hour(packed: bytes, now_seconds: float) -> int:
    """Return the draws committed within the last 60 minutes, the present one included."""
    return sum(_advanced(packed, now_seconds)[1])


def _advanced(packed: bytes, now_seconds: float) -> tuple[int, list[int]]:
    """Forget the minutes that have left the hour.

    A clock that went back a little keeps writing to the newest minute; one that went back further begins anew.
    """
    now = int(now_seconds // 60)
    newest, *counts = _RING.unpack(packed) if packed else (now, *[0] * _MINUTES)
    if now < newest - _MINUTES:
        return now, [0] * _MINUTES
    for minute in range(newest + 1, min(now, newest + _MINUTES) + 1):
        counts[minute % _MINUTES] = 0
    return max(now, newest), counts
