"""The form of an answer, shared by everything that gives one.

A contender hands in one row per group: platform, service (or None for all services of the platform), the
ten sums in the order of `SUMS`, and six quantiles in the order of `QUANTILES`. What is derived from sums
is derived here, for all of them alike.
"""

import json
import sys
from math import sqrt

SUMS = (
    "consultations", "attempted", "connected", "first_try", "undisturbed", "completed",
    "drops", "audio_lost_ms", "connected_ms", "down_ms",
)
QUANTILES = ("p50", "p90", "p95")
TIMES = ("connect_ms", "first_drop_ms")
NOT_RECORDED = "not recorded"
# Each proportion with its denominator.
PROPORTIONS = (
    ("attempted", "consultations"), ("connected", "attempted"), ("first_try", "attempted"),
    ("undisturbed", "attempted"), ("completed", "attempted"),
)
Z95 = 1.959963984540054


def wilson(x, n):
    """The Wilson score interval of x of n at 95 %, or None when nothing was counted."""
    if n == 0:
        return None
    p, zz = x / n, Z95 * Z95
    middle, width = p + zz / (2 * n), Z95 * sqrt(p * (1 - p) / n + zz / (4 * n * n))
    return [(middle - width) / (1 + zz / n), (middle + width) / (1 + zz / n)]


def row(platform, service, *numbers):
    """One row of the answer."""
    numbers = [None if number is None else int(number) for number in numbers]
    sums = {name: number or 0 for name, number in zip(SUMS, numbers)}
    quantiles = iter(numbers[len(SUMS):])
    times = {time: dict(zip(QUANTILES, (next(quantiles), next(quantiles), next(quantiles)))) for time in TIMES}
    intervals = {name: wilson(sums[name], sums[of]) for name, of in PROPORTIONS}
    return {"platform": platform, "service": service, **sums, **times, "intervals": intervals}


def write(rows):
    """Prints the answer: all services together before each service, by name."""
    rows = [row(*each) for each in rows]
    rows.sort(key=lambda each: (each["platform"], each["service"] is not None, each["service"] or ""))
    json.dump({"rows": rows}, sys.stdout, indent=1)
    print()


def integers(answer):
    """What must be the same in every answer, by (platform, service)."""
    return {
        (each["platform"], each["service"]): (
            *(each[name] or 0 for name in SUMS),
            *(each[time][quantile] for time in TIMES for quantile in QUANTILES),
        )
        for each in answer["rows"]
    }
