# A calculator from scratch: tokens, a recursive-descent parser, and a tree that is printed and evaluated.
import math
import operator
import re
from dataclasses import dataclass

TOKENS = re.compile(r"\s*(?:(?P<number>\d+\.?\d*)|(?P<name>[a-z]\w*)|(?P<op>[-+*/^()]))")
OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "^": operator.pow}
LEVELS = [("+", "-"), ("*", "/")]


@dataclass(frozen=True)
class Node:
    """A number, a name, or an operator with two arguments."""

    value: float | str
    left: "Node | None" = None
    right: "Node | None" = None

    def __str__(self):
        if self.left is None:
            return f"{self.value:g}" if isinstance(self.value, float) else self.value
        return f"({self.left} {self.value} {self.right})"


def tokens(text):
    place = 0
    while place < len(text.rstrip()):
        match = TOKENS.match(text, place)
        if not match:
            raise SyntaxError(f"cannot read {text[place:].strip()!r}")
        yield match.lastgroup, match[match.lastgroup]
        place = match.end()


class Parser:
    def __init__(self, text):
        self.rest = list(tokens(text))

    def take(self, *wanted):
        return self.rest.pop(0)[1] if self.rest and self.rest[0][1] in wanted else None

    def parse(self, level=0):
        if level == len(LEVELS):
            base = self.atom()
            return Node("^", base, self.parse(level)) if self.take("^") else base
        node = self.parse(level + 1)
        while sign := self.take(*LEVELS[level]):
            node = Node(sign, node, self.parse(level + 1))
        return node

    def atom(self):
        if not self.rest:
            raise SyntaxError("it ends too early")
        kind, value = self.rest.pop(0)
        if value == "(":
            node = self.parse()
            if not self.take(")"):
                raise SyntaxError("a bracket is missing")
            return node
        return Node("-", Node(0.0), self.atom()) if value == "-" else Node(float(value) if kind == "number" else value)


def evaluate(node, **names):
    if node.left is None:
        return names[node.value] if isinstance(node.value, str) else node.value
    return OPERATORS[node.value](evaluate(node.left, **names), evaluate(node.right, **names))


for text in ("2 + 3 * 4", "(2 + 3) * 4 - -1", "2 ^ 3 ^ 2 / x", "r * (1 + 0.5) ^ 2", "10 - 4 - 3"):
    tree = Parser(text).parse()
    print(f"{text} = {tree} = {evaluate(tree, x=4, r=10):g}")
for text in ("2 $ 3", "2 *", "(1 + 2", "1 + y"):
    try:
        print(evaluate(Parser(text).parse()))
    except (SyntaxError, KeyError) as error:
        print(f"{text}: {type(error).__name__} {error.args[0]}")
circle = Parser("pi * r ^ 2").parse()
print(f"slope at 3: {(evaluate(circle, pi=math.pi, r=3 + 1e-6) - evaluate(circle, pi=math.pi, r=3)) / 1e-6:.3f}")
