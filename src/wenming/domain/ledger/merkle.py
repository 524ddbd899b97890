"""The tree of RFC 9162: roots, inclusion and consistency paths. Pure; hashes come from a reader of complete subtrees.

A leaf with number n (from 1) completes the inner nodes of heights 1 … trailing zeros of n. Written in that order, the
nodes of the first n leaves are n − popcount(n) hashes, so the place of every node is arithmetic.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from wenming.domain.ledger.hashing import Digest, digest_of, digests_of, node_hash

# Reads the hash of the complete subtree of 2**height leaves whose first leaf is `start` (counted from 0).
Reader = Callable[[int, int], bytes]


def nodes_before(size: int) -> int:
    """How many inner nodes the first `size` leaves have completed."""
    return size - size.bit_count()


def place(last: int, height: int) -> int:
    """The place of the node of this height that leaf number `last` (from 1) completes, among all nodes from 0."""
    return nodes_before(last - 1) + height - 1


@functools.cache
def _in_completion(height: int) -> list[int]:
    """The inner nodes of a complete subtree, counted level by level from the lowest, in the order in which leaves complete
    them."""
    offsets = [(1 << height) - (1 << height - below) for below in range(height)]
    return [
        offsets[below] + (last >> below + 1) - 1
        for last in range(1, (1 << height) + 1)
        for below in range((last & -last).bit_length() - 1)
    ]


class Growth:
    """A tree that only grows: give it leaves, read the root. Keeps one hash per set bit of the size."""

    def __init__(self, algorithm: str, size: int = 0, peaks: list[bytes] | None = None) -> None:
        self.digest, self.digests = digest_of(algorithm), digests_of(algorithm)
        self.size, self.peaks = size, peaks or []

    def extend(self, leaves: Sequence[bytes]) -> list[bytes]:
        """Add these leaves; the inner nodes that they completed, each leaf's lowest first."""
        made: list[bytes] = []
        place = 0
        while place < len(leaves):
            height = (len(leaves) - place).bit_length() - 1
            if self.size:
                height = min(height, (self.size & -self.size).bit_length() - 1)
            made += self._add_subtree(leaves[place : place + (1 << height)], height)
            place += 1 << height
        return made

    def _add_subtree(self, leaves: Sequence[bytes], height: int) -> list[bytes]:
        """Add 2**height leaves that are a complete subtree, level by level, in fewer steps than leaf by leaf."""
        level, nodes = leaves, list[bytes]()
        for _height in range(height):
            level = self.digests([b"\x01" + left + right for left, right in zip(level[::2], level[1::2], strict=True)])
            nodes += level
        made = [nodes[place] for place in _in_completion(height)]
        (node,) = level
        waiting = self.size >> height
        while waiting & 1:
            node = node_hash(self.digest, self.peaks.pop(), node)
            made.append(node)
            waiting >>= 1
        self.peaks.append(node)
        self.size += len(leaves)
        return made

    def root(self) -> bytes:
        if not self.peaks:
            return self.digest(b"")
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(self.digest, peak, root)
        return root


def peaks(size: int, read: Reader) -> list[bytes]:
    """The complete subtrees of a tree of this size, largest first: where `Growth` goes on from."""
    found, start = [], 0
    for height in reversed(range(size.bit_length())):
        if size >> height & 1:
            found.append(read(start, height))
            start += 1 << height
    return found


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def subtree(digest: Digest, start: int, end: int, read: Reader) -> bytes:
    """The hash over leaves start … end − 1, as RFC 9162 cuts them."""
    count = end - start
    if count & (count - 1) == 0:
        return read(start, count.bit_length() - 1)
    middle = start + _split(count)
    return node_hash(digest, subtree(digest, start, middle, read), subtree(digest, middle, end, read))


def root(digest: Digest, size: int, read: Reader) -> bytes:
    return subtree(digest, 0, size, read) if size else digest(b"")


def inclusion_path(digest: Digest, index: int, size: int, read: Reader) -> list[bytes]:
    """The siblings from leaf `index` (from 0) up to the root of the tree of `size` leaves (RFC 9162, 2.1.3.1)."""
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(subtree(digest, middle, end, read))
            end = middle
        else:
            path.append(subtree(digest, start, middle, read))
            start = middle
    return path[::-1]


def consistency_path(digest: Digest, first: int, second: int, read: Reader) -> list[bytes]:
    """What shows that the tree of `first` leaves is the beginning of that of `second` (RFC 9162, 2.1.4.1)."""
    path: list[bytes] = []
    start, end, whole = 0, second, True
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            path.append(subtree(digest, middle, end, read))
            end = middle
        else:
            path.append(subtree(digest, start, middle, read))
            start, whole = middle, False
    if not whole:
        path.append(subtree(digest, start, end, read))
    return path[::-1]


def root_of(digest: Digest, leaf: bytes, number: int, size: int, path: list[bytes]) -> bytes | None:
    """The root that a path gives to leaf `number` (from 1) of `size`; None when the path is too short or too long."""
    if size <= 1 or not path:
        return leaf if size == number == 1 and not path else None
    half = _split(size)
    if number <= half:
        below = root_of(digest, leaf, number, half, path[:-1])
        return below and node_hash(digest, below, path[-1])
    below = root_of(digest, leaf, number - half, size - half, path[:-1])
    return below and node_hash(digest, path[-1], below)


def _roots_of(digest: Digest, known: bytes | None, first: int, size: int, path: list[bytes]) -> tuple[bytes, bytes] | None:
    """The root of the first leaves and that of all, from one path; `known` is the former while it is a subtree of its own."""
    if first == size:
        ends = path if known is None else [known, *path]
        return (ends[0], ends[0]) if len(ends) == 1 else None
    if not path:
        return None
    half, step = _split(size), path[-1]
    if first <= half:
        below = _roots_of(digest, known, first, half, path[:-1])
        return below and (below[0], node_hash(digest, below[1], step))
    below = _roots_of(digest, None, first - half, size - half, path[:-1])
    return below and (node_hash(digest, step, below[0]), node_hash(digest, step, below[1]))


def is_consistent(digest: Digest, first: int, first_root: bytes, second: int, second_root: bytes, path: list[bytes]) -> bool:
    """Whether a path shows that the tree of `second` leaves begins with that of `first` (RFC 9162, 2.1.4.2)."""
    if not 1 <= first <= second:
        return False
    return _roots_of(digest, first_root, first, second, path) == (first_root, second_root)
