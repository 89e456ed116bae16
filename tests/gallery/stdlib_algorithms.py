# Algorithms from the standard library's parts: caches, heaps, bisection, search, backtracking, primes and big numbers.
import bisect
import heapq
import itertools
import math
import random
from collections import deque
from functools import cache
from graphlib import CycleError, TopologicalSorter


@cache
def partitions(n, largest=None):
    largest = n if largest is None else largest
    return 1 if n == 0 else sum(partitions(n - k, k) for k in range(1, min(n, largest) + 1))


def queens(n, columns=()):
    """Counts the ways to place n queens."""
    row = len(columns)
    free = (c for c in range(n) if all(c != k and abs(c - k) != row - r for r, k in enumerate(columns)))
    return 1 if row == n else sum(queens(n, (*columns, c)) for c in free)


def distance(a, b):
    """How many letters to insert, remove or change."""
    before = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        now = [i]
        for j, y in enumerate(b, 1):
            now.append(min(before[j] + 1, now[-1] + 1, before[j - 1] + (x != y)))
        before = now
    return before[-1]


print("partitions:", [partitions(n) for n in (5, 10, 50)], partitions.cache_info().hits > 1000)
print("queens:", [queens(n) for n in range(4, 8)], "distance:", distance("kitten", "sitting"))
sieve = bytearray([1]) * 10_000
sieve[:2] = b"\0\0"
for n in range(2, 100):
    if sieve[n]:
        sieve[n * n :: n] = bytes(len(range(n * n, 10_000, n)))
primes = [n for n, prime in enumerate(sieve) if prime]
print("primes:", len(primes), primes[-1], "twins:", sum(b - a == 2 for a, b in itertools.pairwise(primes)))
print("numbers:", math.comb(40, 20), math.factorial(25), pow(7, -1, 31), math.isqrt(10**21))
print("larger:", math.lcm(*range(1, 21)), (2**127 - 1) % 1_000_003)

maze = ["#########", "#S..#...#", "#.#.#.#.#", "#.#...#E#", "#########"]
queue, seen = deque([((1, 1), 0)]), {(1, 1)}
while queue:
    (row, column), steps = queue.popleft()
    if maze[row][column] == "E":
        print("out of the maze in", steps)
        break
    for place in ((row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)):
        if maze[place[0]][place[1]] != "#" and place not in seen:
            seen.add(place)
            queue.append((place, steps + 1))

graph = {"a": {"b": 7, "c": 3}, "b": {"d": 2}, "c": {"b": 1, "d": 8}, "d": {}}
best, heap = {}, [(0, "a")]
while heap:
    cost, node = heapq.heappop(heap)
    if best.setdefault(node, cost) == cost:
        for other, length in graph[node].items():
            heapq.heappush(heap, (cost + length, other))
print("shortest:", best)
print("order:", list(TopologicalSorter({"d": {"b", "c"}, "b": {"a"}, "c": {"b"}}).static_order()))
try:
    TopologicalSorter({"a": {"b"}, "b": {"a"}}).prepare()
except CycleError as error:
    print("cycle:", sorted(set(error.args[1])))
random.seed(5)
numbers = sorted(random.randrange(1000) for _ in range(500))
print("largest:", heapq.nlargest(3, numbers), "drawn:", random.sample(range(100), 4), f"{random.gauss(0, 1):.6f}")
print("between 100 and 200:", bisect.bisect(numbers, 200) - bisect.bisect_left(numbers, 100))
print("grades:", ["FDCBA"[bisect.bisect([50, 60, 70, 80], score)] for score in (33, 60, 79, 95)])
