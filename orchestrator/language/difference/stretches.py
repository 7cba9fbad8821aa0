"""Where two sequences differ, for a bounded amount of work: otherwise whoever writes the lines decides how long it takes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

MOST_WORK = 200_000  # steps, a tenth of a second: some 600 changed lines among any number of others
AROUND = 3  # lines before and after a place that differs

Stretch = tuple[int, int, int, int]  # a, b, c, d: instead of old[a:b] there is new[c:d]


def stretches(old: Sequence[str], new: Sequence[str], most: int = MOST_WORK) -> list[Stretch]:
    """The fewest lines (or sentences) that are others, in order; what is the same lies between them.

    When finding them takes more than `most` steps, they are one stretch, from the first that differs to the last.
    The way is that of E. Myers, An O(ND) Difference Algorithm: what has not changed costs one step, whatever it is. difflib compares
    equal lines each with each other, and 8,000 blank ones took it 7 s.
    """
    head = _alike(zip(old, new, strict=False))
    short = min(len(old), len(new)) - head
    tail = _alike(zip(old[len(old) - short :][::-1], new[len(new) - short :][::-1], strict=True))
    ends, there = len(old) - tail, len(new) - tail
    if head == ends and head == there:
        return []
    same = _same(old[head:ends], new[head:there], most)
    return list(_between([(x + head, y + head) for x, y in same], (head, head), (ends, there)))


def unified(old: Sequence[str], new: Sequence[str], frm: str, to: str) -> Iterator[str]:
    """A diff of lines as tools know it, with what is the same around each place that differs; nothing when nothing does."""
    groups: list[list[Stretch]] = []
    for stretch in stretches(old, new):
        if groups and stretch[0] - groups[-1][-1][1] <= 2 * AROUND:
            groups[-1].append(stretch)
        else:
            groups.append([stretch])
    if groups:
        yield from (f"--- {frm}\n", f"+++ {to}\n")
    for group in groups:
        before, after = min(AROUND, group[0][0]), min(AROUND, len(old) - group[-1][1])
        at, ends = group[0][0] - before, group[-1][1] + after
        yield f"@@ -{_span(at, ends)} +{_span(group[0][2] - before, group[-1][3] + after)} @@\n"
        for a, b, c, d in group:
            yield from (f" {line}" for line in old[at:a])
            yield from (f"-{line}" for line in old[a:b])
            yield from (f"+{line}" for line in new[c:d])
            at = b
        yield from (f" {line}" for line in old[at:ends])


def _span(first: int, ends: int) -> str:
    """Where lines stand and how many: "3,2"; one line without its number, none after the line before it."""
    many = ends - first
    return f"{first + 1}" if many == 1 else f"{first + bool(many)},{many}"


def _alike(pairs: Iterator[tuple[str, str]]) -> int:
    many = 0
    for one, other in pairs:
        if one != other:
            break
        many += 1
    return many


def _same(old: Sequence[str], new: Sequence[str], most: int) -> list[tuple[int, int]]:
    """The longest way of pairs that are the same, in order; none when it takes too long to find.

    A row says how far so many changes lead in the old lines, for each balance of new and missing ones, from all new to all missing.
    """
    rows, work = [[0]], 0
    for changes in range(len(old) + len(new) + 1):
        before, row = rows[-1], list[int]()
        for i in range(changes + 1):
            begun = x = before[i] if _is_new(before, i) else before[i - 1] + 1
            y = x - 2 * i + changes
            while x < len(old) and y < len(new) and old[x] == new[y]:
                x, y = x + 1, y + 1
            work += 1 + x - begun
            if x >= len(old) and y >= len(new):
                return _walked(rows, x, y)
            row.append(x)
        rows.append(row)
        if work > most:
            return []
    raise AssertionError("with everything changed, the end is reached")


def _is_new(before: Sequence[int], i: int) -> bool:
    """Whether the best way takes a new line; otherwise it leaves one of the old ones out."""
    return i == 0 or (i < len(before) and before[i - 1] < before[i])


def _walked(rows: Sequence[Sequence[int]], x: int, y: int) -> list[tuple[int, int]]:
    """The pairs on the way to the end, from its beginning."""
    found: list[tuple[int, int]] = []
    for changes in range(len(rows) - 1, -1, -1):
        before, i = rows[changes], (x - y + changes) // 2
        is_new = _is_new(before, i)
        begun = before[i] if is_new else before[i - 1] + 1
        found += [(x - n, y - n) for n in range(1, x - begun + 1)]
        y -= x - begun + is_new
        x = begun - (not is_new)
    return found[::-1]


def _between(same: Sequence[tuple[int, int]], first: tuple[int, int], last: tuple[int, int]) -> Iterator[Stretch]:
    """What lies between the pairs that are the same."""
    x, y = first
    for to_x, to_y in [*same, last]:
        if (x, y) != (to_x, to_y):
            yield x, to_x, y, to_y
        x, y = to_x + 1, to_y + 1
