"""Tokens -> syntax tree, by precedence climbing. Knows the grammar and nothing of metrics.

or     := and (("or" | "||") and)*
and    := not (("and" | "&&") not)*
not    := ("not" | "!") not | compare
compare:= sum (("<" | "<=" | ">" | ">=" | "=" | "==" | "!=" | "~" | "!~") sum)*
        | sum ["not"] "in" "(" sum ("," sum)* ")"
sum    := product (("+" | "-") product)*
product:= unary (("*" | "/") unary)*
unary  := "-" unary | atom
atom   := number | word | string | "abs" "(" sum ")" | "(" or ")"
"""

from __future__ import annotations

import msgspec

from fundtui.query.errors import QueryError
from fundtui.query.tokens import Kind, Measure, Token, tokenize

MAX_DEPTH = 40
KEYWORDS = frozenset({"and", "or", "not", "in", "abs"})
COMPARISONS = frozenset({"<", "<=", ">", ">=", "=", "==", "!=", "~", "!~"})


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the query, standing at start..end of its text. `depth` counts the levels below it."""

    start: int
    end: int
    depth: int = 1


class Literal(Node, frozen=True, kw_only=True):
    """A number in exported units, with what it measures."""

    value: float
    measure: Measure


class Word(Node, frozen=True, kw_only=True):
    """A metric's name, or text where a text column is compared."""

    name: str


class Quoted(Node, frozen=True, kw_only=True):
    """Text in quotes."""

    value: str


class Arithmetic(Node, frozen=True, kw_only=True):
    """`left operator right` with + - * /."""

    operator: str
    left: Node
    right: Node


class Function(Node, frozen=True, kw_only=True):
    """`-x` (name "-") or `abs(x)`."""

    name: str
    argument: Node


class Comparison(Node, frozen=True, kw_only=True):
    """`left operator right`."""

    operator: str
    left: Node
    right: Node


class Among(Node, frozen=True, kw_only=True):
    """`left in (choices)`."""

    left: Node
    choices: tuple[Node, ...]


class Not(Node, frozen=True, kw_only=True):
    """Negation."""

    argument: Node


class Junction(Node, frozen=True, kw_only=True):
    """`and` or `or` over two parts or more."""

    operator: str
    parts: tuple[Node, ...]


def parse(text: str) -> Node:
    """The tree of a whole query. Raises QueryError."""
    if not text.strip():
        raise QueryError("the query is empty", text, 0)
    parser = _Parser(text)
    tree = parser.junction("or")
    if parser.current.kind is not Kind.END:
        raise parser.error(f"{parser.current.text!r} is not expected here")
    return tree


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.place = 0
        self.nesting = 0

    @property
    def current(self) -> Token:
        return self.tokens[self.place]

    def error(self, message: str) -> QueryError:
        return QueryError(message, self.text, self.current.start)

    def advance(self) -> Token:
        token = self.tokens[self.place]
        self.place += 1
        return token

    def accept(self, *texts: str) -> Token | None:
        """Take the current token if it is one of these signs or keywords."""
        token = self.current
        if token.kind in (Kind.SYMBOL, Kind.WORD) and token.text.lower() in texts:
            return self.advance()
        return None

    def expect(self, text: str) -> Token:
        token = self.accept(text)
        if token is None:
            found = "the query ends" if self.current.kind is Kind.END else f"there is {self.current.text!r}"
            raise self.error(f"expected {text!r}, but {found}")
        return token

    def checked(self, depth: int) -> int:
        if depth + self.nesting > MAX_DEPTH:
            raise self.error(f"nested deeper than {MAX_DEPTH} levels")
        return depth

    def junction(self, operator: str) -> Node:
        parts = [self.junction("and") if operator == "or" else self.negation()]
        while self.accept(operator, "||" if operator == "or" else "&&"):
            parts.append(self.junction("and") if operator == "or" else self.negation())
        if len(parts) == 1:
            return parts[0]
        depth = self.checked(1 + max(part.depth for part in parts))
        return Junction(operator=operator, parts=tuple(parts), start=parts[0].start, end=parts[-1].end, depth=depth)

    def negation(self) -> Node:
        token = self.accept("not", "!")
        if token is None:
            return self.comparison()
        self.nesting += 1
        self.checked(1)
        argument = self.negation()
        self.nesting -= 1
        return Not(argument=argument, start=token.start, end=argument.end, depth=argument.depth + 1)

    def comparison(self) -> Node:
        left = self.sum()
        if (among := self.membership(left)) is not None:
            return among
        compared: list[Node] = []
        while sign := self.accept(*COMPARISONS):
            right = self.sum()
            depth = self.checked(1 + max(left.depth, right.depth))
            operator = "=" if sign.text == "==" else sign.text
            compared.append(
                Comparison(operator=operator, left=left, right=right, start=left.start, end=right.end, depth=depth)
            )
            left = right
        if not compared:
            return left
        if len(compared) == 1:
            return compared[0]
        # `10M < oi < 50M` means both.
        depth = self.checked(1 + max(part.depth for part in compared))
        return Junction(
            operator="and", parts=tuple(compared), start=compared[0].start, end=compared[-1].end, depth=depth
        )

    def membership(self, left: Node) -> Node | None:
        negated = self.accept("not")
        if negated is None and self.accept("in") is None:
            return None
        if negated is not None:
            self.expect("in")
        self.expect("(")
        choices = [self.sum()]
        while self.accept(","):
            choices.append(self.sum())
        end = self.expect(")").end
        depth = self.checked(1 + max(left.depth, *(choice.depth for choice in choices)))
        among = Among(left=left, choices=tuple(choices), start=left.start, end=end, depth=depth)
        return among if negated is None else Not(argument=among, start=left.start, end=end, depth=depth + 1)

    def sum(self) -> Node:
        left = self.product()
        while sign := self.accept("+", "-"):
            left = self.arithmetic(sign.text, left, self.product())
        return left

    def product(self) -> Node:
        left = self.unary()
        while sign := self.accept("*", "/"):
            left = self.arithmetic(sign.text, left, self.unary())
        return left

    def arithmetic(self, operator: str, left: Node, right: Node) -> Node:
        depth = self.checked(1 + max(left.depth, right.depth))
        return Arithmetic(operator=operator, left=left, right=right, start=left.start, end=right.end, depth=depth)

    def unary(self) -> Node:
        sign = self.accept("-")
        if sign is None:
            return self.atom()
        self.nesting += 1
        self.checked(1)
        argument = self.unary()
        self.nesting -= 1
        return Function(name="-", argument=argument, start=sign.start, end=argument.end, depth=argument.depth + 1)

    def atom(self) -> Node:
        token = self.current
        if token.kind is Kind.NUMBER:
            self.advance()
            return Literal(value=token.value, measure=token.measure, start=token.start, end=token.end)
        if token.kind is Kind.STRING:
            self.advance()
            return Quoted(value=token.text[1:-1], start=token.start, end=token.end)
        if self.accept("abs"):
            opening = self.expect("(")
            argument = self.grouped(opening)
            end = self.tokens[self.place - 1].end
            return Function(name="abs", argument=argument, start=token.start, end=end, depth=argument.depth + 1)
        if opened := self.accept("("):
            return self.grouped(opened)
        if token.kind is Kind.WORD and token.text.lower() not in KEYWORDS:
            self.advance()
            return Word(name=token.text, start=token.start, end=token.end)
        found = "but the query ends" if token.kind is Kind.END else f"not {token.text!r}"
        raise self.error(f"expected a metric or a number, {found}")

    def grouped(self, opened: Token) -> Node:
        self.nesting += 1
        self.checked(1)
        inner = self.junction("or")
        self.nesting -= 1
        if self.accept(")") is None:
            raise QueryError("this parenthesis is not closed", self.text, opened.start)
        return inner
