"""Arithmetic and the time: what models are bad at."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from chatapp.core import timezones
from chatapp.db import now
from chatapp.errors import ToolRefused
from chatapp.tools import Call, Tool, schema
from chatapp.values import ToolResult

Number = int | float

LONGEST = 1_000  # characters of an expression
DEEPEST = 50
LARGEST = 10**300
OPERATORS: Mapping[type[ast.AST], Callable[..., Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
FUNCTIONS: Mapping[str, Callable[..., Number]] = {
    "abs": abs,
    "ceil": math.ceil,
    "cos": math.cos,
    "exp": math.exp,
    "floor": math.floor,
    "ln": math.log,
    "log": math.log10,
    "max": max,
    "min": min,
    "round": round,
    "sin": math.sin,
    "sqrt": math.sqrt,
    "tan": math.tan,
}
CONSTANTS = {"pi": math.pi, "e": math.e}
TYPOGRAPHY = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "^": "**"})


def evaluate(expression: str) -> Number:
    """The value of an arithmetic expression. No names but a few functions, nothing is executed. Raises ToolRefused."""
    try:
        tree = ast.parse(expression.translate(TYPOGRAPHY).strip(), mode="eval")
        return _value(tree.body, 0)
    except ToolRefused:
        raise
    except ZeroDivisionError:
        raise ToolRefused("Division by zero.") from None
    except (SyntaxError, ValueError, TypeError, OverflowError, RecursionError, MemoryError):
        raise ToolRefused("This is no arithmetic expression that can be calculated.") from None


def _value(node: ast.AST, depth: int) -> Number:
    if depth > DEEPEST:
        raise ToolRefused("The expression is nested too deeply.")
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return _bounded(number)
        case ast.Name(id=name) if name in CONSTANTS:
            return CONSTANTS[name]
        case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_value(operand, depth + 1))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return _combined(type(op), _value(left, depth + 1), _value(right, depth + 1))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            return _bounded(FUNCTIONS[name](*(_value(arg, depth + 1) for arg in args)))
    raise ToolRefused("Only numbers, + - * / // % **, parentheses and a few functions can be calculated.")


def _combined(kind: type[ast.AST], left: Number, right: Number) -> Number:
    if kind is ast.Pow and left and abs(right) * math.log2(max(abs(left), 2)) > math.log2(LARGEST):
        raise ToolRefused("The result is too large.")
    return _bounded(OPERATORS[kind](left, right))


def _bounded(number: Number) -> Number:
    if isinstance(number, complex) or abs(number) > LARGEST or math.isnan(number):
        raise ToolRefused("The result is too large or no real number.")
    return number


def _calculate(call: Call) -> ToolResult:
    expression = call.arguments["expression"]
    value = evaluate(expression)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    # Whole numbers that JSON readers would round go as text.
    shown: Any = value if isinstance(value, float) or abs(value) < 2**53 else str(value)
    return ToolResult.success(f"{expression} = {shown}", {"result": shown})


def _current_time(call: Call) -> ToolResult:
    name = call.arguments.get("timezone") or call.timezone
    if name not in timezones.names():
        raise ToolRefused(f"There is no time zone {name}.")
    moment = now().astimezone(ZoneInfo(name)).replace(microsecond=0)
    return ToolResult.success(
        f"It is {moment:%A, %d %B %Y, %H:%M} ({name}).",
        {"time": moment.isoformat(), "timezone": name, "weekday": f"{moment:%A}"},
    )


TOOLS = (
    Tool(
        "calculate",
        "Calculate an arithmetic expression exactly, for example (17.5 * 12 + 3) / 4 or sqrt(2).",
        schema({"expression": {"type": "string", "minLength": 1, "maxLength": LONGEST}}, ["expression"]),
        _calculate,
        crystallizable=True,
    ),
    Tool(
        "current_time",
        "The current date and time, in the person's time zone or in another one.",
        schema({"timezone": {"type": "string", "maxLength": 64, "description": "IANA name, e.g. Europe/Tallinn"}}),
        _current_time,
        deterministic=False,
        crystallizable=True,
    ),
)
