"""The same totals by another way: one consultation at a time, from `evenfield outcomes --json` on standard input.

It reads the finished rows, so it checks what is counted and how, not how a consultation is read.
"""

import json
import sys
from collections import defaultdict

import answer


def rank(values, percent):
    """The quantile by nearest rank: the value at place ceil(percent * n / 100)."""
    return values[-(-percent * len(values) // 100) - 1] if values else None


class Group:
    """What is known of the consultations of one group."""

    def __init__(self):
        self.sums = [0] * len(answer.SUMS)
        self.times = ([], [])

    def add(self, outcome):
        """Counts one consultation that is over."""
        completed = outcome["connected"] and outcome["ending"] == "completed"
        told = (
            1, outcome["attempted"], outcome["connected"], outcome["first_try"], outcome["undisturbed"], completed,
            outcome["drops"], outcome["audio_lost_ms"], outcome["connected_ms"], outcome["down_ms"],
        )
        self.sums = [total + int(more) for total, more in zip(self.sums, told)]
        for times, name in zip(self.times, answer.TIMES):
            if outcome[name] is not None:
                times.append(outcome[name])

    def numbers(self):
        """Sums and quantiles, in the order of an answer."""
        quantiles = [rank(sorted(times), percent) for times in self.times for percent in (50, 90, 95)]
        return (*self.sums, *quantiles)


def main():
    """Reads outcomes, writes the answer."""
    groups = defaultdict(Group)
    for line in sys.stdin:
        outcome = json.loads(line)
        context = outcome["context"]
        if outcome.get("ending") == "in_progress" or context.get("modality", "video") != "video":
            continue
        platform = context.get("platform", answer.NOT_RECORDED)
        groups[platform, None].add(outcome)
        groups[platform, context.get("service", answer.NOT_RECORDED)].add(outcome)
    answer.write((*group, *of.numbers()) for group, of in groups.items())


if __name__ == "__main__":
    main()
