"""`same.py ANSWER ANSWER...`: whether all answers have the same integers; tells each that differs."""

import json
import sys

import answer


def differences(one, other):
    """Every group and number in which two answers differ."""
    names = (*answer.SUMS, *(f"{time}.{quantile}" for time in answer.TIMES for quantile in answer.QUANTILES))
    for group in sorted(one.keys() | other.keys(), key=str):
        if group not in one or group not in other:
            yield f"{group}: only in one of them"
            continue
        for name, a, b in zip(names, one[group], other[group]):
            if a != b:
                yield f"{group} {name}: {a} and {b}"


def load(path):
    """The integers of an answer in a file."""
    with open(path, encoding="utf-8") as file:
        return answer.integers(json.load(file))


def main():
    """Compares each file with the first."""
    first, *others = sys.argv[1:]
    one, equal = load(first), True
    for path in others:
        found = list(differences(one, load(path)))
        equal &= not found
        told = "the same" if not found else f"{len(found)} differences, such as {'; '.join(found[:5])}"
        print(f"{path}: {len(one)} rows, {len(answer.SUMS) + 6} integers each: {told}")
    sys.exit(not equal)


if __name__ == "__main__":
    main()
