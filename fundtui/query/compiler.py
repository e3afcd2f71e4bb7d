"""Syntax tree -> masks, against one level of the catalogue.

Logic is three-valued (Kleene): a comparison with a missing value is unknown, `not` of unknown is unknown, and a row
whose result is unknown does not match. It is reached by pushing every `not` down to the comparisons, which are then
all false where something is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from fundtui.imbalance.catalogue import Level, Metric, Unit
from fundtui.query import syntax, vector
from fundtui.query.errors import QueryError, suggestion
from fundtui.query.terms import NumericTerm, Term, TextTerm
from fundtui.query.tokens import Measure
from fundtui.query.vector import Mask, Numeric

MEASURES = {
    Unit.RATE: Measure.FRACTION,
    Unit.PERCENT: Measure.FRACTION,
    Unit.BP: Measure.FRACTION,
    Unit.USD: Measure.MONEY,
    Unit.USD_PER_HOUR: Measure.MONEY,
    Unit.HOURS: Measure.DURATION,
    Unit.SECONDS: Measure.DURATION,
    Unit.MULTIPLE: Measure.PLAIN,
}
_FITTING = {frozenset({Measure.AMOUNT, Measure.MONEY}), frozenset({Measure.AMOUNT, Measure.NUMBER})}
_BARE_TEXT = re.compile(r"[\w.:/+\-]+")


class Known(msgspec.Struct, frozen=True):
    """The names that a query may use: one level's metrics by key and alias, and the levels of all other names."""

    metrics: Mapping[str, Metric]
    elsewhere: Mapping[str, Level]


class Compiler:
    """Compiles one query. `terms` collects its comparisons in the order in which they stand."""

    def __init__(self, text: str, level: Level, known: Known, share: float, *, goal: bool = True) -> None:
        self.text = text
        self.goal = goal
        self.level = level
        self.metrics = known.metrics
        self.elsewhere = known.elsewhere
        self.share = share
        self.terms: list[Term] = []

    def error(self, message: str, node: syntax.Node) -> QueryError:
        return QueryError(message, self.text, node.start)

    def written(self, node: syntax.Node) -> str:
        return self.text[node.start : node.end]

    def mask(self, node: syntax.Node, *, positive: bool = True) -> Mask:
        """Rows for which a condition holds (positive) or is known not to hold."""
        match node:
            case syntax.Not():
                return self.mask(node.argument, positive=not positive)
            case syntax.Junction():
                parts = tuple(self.mask(part, positive=positive) for part in node.parts)
                together = (node.operator == "and") is positive
                return vector.every(parts) if together else vector.any_of(parts)
            case syntax.Comparison():
                return self.comparison(node, positive=positive)
            case syntax.Among():
                return self.among(node, positive=positive)
        raise self.error(f"{self.written(node)} is not a condition: compare it, as in {self._example(node)}", node)

    def _example(self, node: syntax.Node) -> str:
        if not isinstance(node, syntax.Word) or (metric := self.metrics.get(node.name.lower())) is None:
            return "spread > 25%"
        if metric.unit is Unit.TEXT:
            return f'{node.name} ~ "BTC"'
        value = {Measure.FRACTION: "25%", Measure.MONEY: "10M", Measure.DURATION: "8h"}
        return f"{node.name} > {value.get(MEASURES.get(metric.unit, Measure.NUMBER), '2')}"

    # Text

    def text_metric(self, node: syntax.Node) -> Metric | None:
        """The text column that a node names, if it names one."""
        if not isinstance(node, syntax.Word):
            return None
        metric = self.metrics.get(node.name.lower())
        return metric if metric is not None and metric.unit is Unit.TEXT else None

    def wanted_text(self, node: syntax.Node) -> str:
        """Text that a column is compared with: quoted, or a bare word such as kraken-futures."""
        if isinstance(node, syntax.Quoted):
            return node.value
        written = self.written(node)
        if _BARE_TEXT.fullmatch(written):
            return written
        raise self.error("write the text in quotes", node)

    def text_term(self, node: syntax.Node, metric: Metric, test: Callable[[str], bool], *, positive: bool) -> Mask:
        mask = vector.TextMask(metric.key, test, positive=positive)
        self.terms.append(TextTerm(source=self.written(node), start=node.start, key=metric.key, mask=mask))
        return mask

    def text_comparison(self, node: syntax.Comparison, metric: Metric, *, positive: bool) -> Mask:
        wanted = self.wanted_text(node.right).casefold()
        if node.operator in ("~", "!~"):
            return self.text_term(
                node, metric, lambda label: wanted in label.casefold(), positive=(node.operator == "~") is positive
            )
        if node.operator in ("=", "!="):
            return self.text_term(
                node, metric, lambda label: label.casefold() == wanted, positive=(node.operator == "=") is positive
            )
        raise self.error(f"{metric.key} is text: compare it with ~, =, != or in", node)

    # Conditions

    def comparison(self, node: syntax.Comparison, *, positive: bool) -> Mask:
        metric = self.text_metric(node.left)
        if metric is not None:
            return self.text_comparison(node, metric, positive=positive)
        if (turned := self.text_metric(node.right)) is not None:
            raise self.error(f"write the text column first: {turned.key} {node.operator} ...", node.right)
        left, right = self.numeric(node.left), self.numeric(node.right)
        if node.operator in ("~", "!~"):
            raise self.error("~ searches text columns; this is a number", node.left)
        self.check_fit(node.left, left, node.right, right)
        if not left.keys and not right.keys:
            raise self.error("this compares no metric", node)
        operator = node.operator if positive else vector.NEGATED[node.operator]
        # Easier to meet as it stands in the query, also when this compiles the query's negation.
        sought = operator if self.goal else vector.NEGATED[operator]
        right = self.relaxed(sought, right)
        left = self.relaxed(vector.TURNED[sought], left)
        mask = vector.compare(operator, left.values, right.values)
        self.terms.append(
            NumericTerm(
                source=self.written(node), start=node.start, operator=operator, left=left, right=right, mask=mask
            )
        )
        return mask

    def relaxed(self, operator: str, threshold: Numeric) -> Numeric:
        """A constant side, easier to meet by this query's share; a side with metrics is left alone."""
        if threshold.constant is None or self.share == 1.0:
            return threshold
        return vector.constant(vector.relaxed(operator, threshold.constant, self.share), threshold.measure)

    def among(self, node: syntax.Among, *, positive: bool) -> Mask:
        metric = self.text_metric(node.left)
        if metric is not None:
            wanted = frozenset(self.wanted_text(choice).casefold() for choice in node.choices)
            return self.text_term(node, metric, lambda label: label.casefold() in wanted, positive=positive)
        equals = [
            syntax.Comparison(operator="=", left=node.left, right=choice, start=node.start, end=node.end)
            for choice in node.choices
        ]
        parts = tuple(self.comparison(equal, positive=positive) for equal in equals)
        return vector.any_of(parts) if positive else vector.every(parts)

    # Numbers

    def numeric(self, node: syntax.Node) -> Numeric:
        """A part that is a number per row."""
        match node:
            case syntax.Literal():
                return vector.constant(node.value, node.measure)
            case syntax.Word():
                return self.metric(node)
            case syntax.Function():
                return self.function(node)
            case syntax.Arithmetic():
                return self.arithmetic(node)
            case syntax.Quoted():
                raise self.error("text stands here where a number is compared", node)
        raise self.error(f"{self.written(node)} is a condition, not a number", node)

    def metric(self, node: syntax.Word) -> Numeric:
        metric = self.metrics.get(node.name.lower())
        if metric is None:
            raise self.error(self._unknown(node.name), node)
        if metric.unit is Unit.SERIES:
            raise self.error(f"{metric.key} is a chart, not a number", node)
        if metric.unit is Unit.TEXT:
            raise self.error(f"{metric.key} is text, not a number", node)
        return vector.column(metric.key, MEASURES.get(metric.unit, Measure.NUMBER), metric.unit)

    def _unknown(self, name: str) -> str:
        if (other := self.elsewhere.get(name.lower())) is not None:
            return f"{name} is known per {other}, not per {self.level}"
        return f"no metric {name!r} per {self.level}" + suggestion(name, self.metrics)

    def function(self, node: syntax.Function) -> Numeric:
        argument = self.numeric(node.argument)
        operation: Callable[[float], float] = abs if node.name == "abs" else lambda value: -value
        inner = argument.values
        return Numeric(
            values=lambda table: operation(inner(table)),
            measure=argument.measure,
            constant=None if argument.constant is None else operation(argument.constant),
            keys=argument.keys,
            unit=argument.unit,
        )

    def arithmetic(self, node: syntax.Arithmetic) -> Numeric:
        left, right = self.numeric(node.left), self.numeric(node.right)
        if node.operator in "+-":
            self.check_fit(node.left, left, node.right, right)
        if node.operator == "/" and right.constant == 0.0:
            raise self.error("division by zero", node.right)
        constant = None
        if left.constant is not None and right.constant is not None:
            constant = _calculate(node.operator, left.constant, right.constant)
        fixed = constant
        return Numeric(
            values=vector.calculate(node.operator, left.values, right.values) if fixed is None else lambda _: fixed,
            measure=_measure(node.operator, left.measure, right.measure),
            constant=constant,
            keys=tuple(dict.fromkeys((*left.keys, *right.keys))),
            unit=_unit(node.operator, left, right),
        )

    def check_fit(self, left_node: syntax.Node, left: Numeric, right_node: syntax.Node, right: Numeric) -> None:
        """Refuse to compare or add what measures different things."""
        kinds = frozenset({left.measure, right.measure})
        if Measure.PLAIN in kinds or len(kinds) == 1 or kinds in _FITTING:
            return
        hint = ""
        if {Measure.MONEY, Measure.DURATION} == kinds:
            hint = " (10M is ten million, 10m ten minutes)"
        raise self.error(
            f"{self.written(left_node)} is {left.measure}, but {self.written(right_node)} is {right.measure}{hint}",
            right_node,
        )


def _calculate(operator: str, left: float, right: float) -> float:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _:
            return left / right


def _measure(operator: str, left: Measure, right: Measure) -> Measure:
    if operator in "+-":
        # An amount or a bare number takes the nature of what it is added to.
        return left if right in (Measure.PLAIN, Measure.AMOUNT) else right
    if right in (Measure.PLAIN, Measure.FRACTION) and left is not Measure.PLAIN and operator == "*":
        return left
    if left in (Measure.PLAIN, Measure.FRACTION) and right is not Measure.PLAIN and operator == "*":
        return right
    if operator == "/" and right is Measure.PLAIN:
        return left
    return Measure.PLAIN


def _unit(operator: str, left: Numeric, right: Numeric) -> Unit | None:
    # For showing values: kept where the result is still of one metric's unit.
    if operator in "+-" or not right.keys:
        return left.unit or right.unit
    return right.unit if operator == "*" and not left.keys else None
