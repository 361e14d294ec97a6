"""Which faults a module can have: each is one node of its syntax tree replaced by another."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass

BOTH_WAYS = (
    "Lt LtE, Gt GtE, Eq NotEq, Is IsNot, In NotIn, Add Sub, Mult Div, LShift RShift, BitAnd BitOr, "
    "And Or"
)
ONE_WAY = "FloorDiv Mult, Mod FloorDiv, Pow Mult, BitXor BitAnd"


def _named(pairs: str) -> dict[type[ast.AST], type[ast.AST]]:
    return {getattr(ast, old): getattr(ast, new) for old, new in map(str.split, pairs.split(", "))}


OPERATORS = {new: old for old, new in _named(BOTH_WAYS).items()} | _named(f"{BOTH_WAYS}, {ONE_WAY}")

# What is written there says how the code is read, typed or kept, not what it does.
UNCHANGED = ("annotation", "returns", "decorator_list")

# To these the order of two arguments doesn't matter, or matters too plainly.
SYMMETRIC = ("max", "min", "maximum", "minimum", "hypot", "gcd", "vdot", "isinstance")


@dataclass
class Fault:
    """A node of a tree, and what takes its place.

    `lines` are those of the statement, without the statements in it; `function` is the innermost
    function whose call runs it, None if the import does.
    """

    parent: ast.AST
    field: str
    index: int | None
    old: ast.AST
    new: ast.AST
    lines: range
    function: ast.FunctionDef | ast.AsyncFunctionDef | None

    @property
    def line(self) -> int:
        """Where it begins."""
        return getattr(self.old, "lineno", self.lines.start)

    def make(self) -> None:
        """Put the fault into its tree."""
        ast.copy_location(self.new, self.old)
        if self.index is None:
            setattr(self.parent, self.field, self.new)
        else:
            getattr(self.parent, self.field)[self.index] = self.new

    def __str__(self) -> str:
        """Say what becomes what, each on one line."""
        texts = []
        for node in (self.old, self.new):
            if isinstance(node, ast.comprehension):
                texts.append(ast.unparse(node).strip())
            else:
                texts.append(ast.unparse(node).splitlines()[0])
        return "  ->  ".join(texts)


def faults_of(tree: ast.Module) -> list[Fault]:
    """Return all faults of a module, in the order of its text."""
    return list(_below(tree, range(0), None))


def _below(
    parent: ast.AST, lines: range, function: ast.FunctionDef | ast.AsyncFunctionDef | None
) -> Iterator[Fault]:
    for field, value in ast.iter_fields(parent):
        if field in UNCHANGED:
            continue
        runs = function
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef) and field == "body":
            runs = parent
        for index, node in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(node, ast.AST) or _for_types(node):
                continue
            within = _own_lines(node) if isinstance(node, ast.stmt) else lines
            place = index if isinstance(value, list) else None
            for new in _instead(node):
                yield Fault(parent, field, place, node, new, within, runs)
            yield from _below(node, within, runs)


def _for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _own_lines(node: ast.stmt) -> range:
    body = getattr(node, "body", None)
    return range(node.lineno, max(node.lineno + 1, body[0].lineno if body else node.end_lineno + 1))


def _with(node: ast.AST, **fields: object) -> ast.AST:
    """Return a copy of a node with some of its fields anew."""
    new = copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _negated(test: ast.expr) -> ast.expr:
    return ast.copy_location(ast.UnaryOp(ast.Not(), test), test)


def _instead(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in a node's place."""
    match node:
        case ast.Compare(ops=ops):
            for index, op in enumerate(ops):
                other = OPERATORS[type(op)]()
                yield _with(node, ops=[*ops[:index], other, *ops[index + 1 :]])
        case ast.BinOp(op=op) | ast.BoolOp(op=op) if type(op) in OPERATORS:
            yield _with(node, op=OPERATORS[type(op)]())
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
            yield ast.Constant(value - 1)
        case ast.Constant(value=float(value)):
            yield ast.Constant(value * 2 if value else 1.0)
        case ast.IfExp(test=test) | ast.If(test=test) | ast.While(test=test):
            yield _with(node, test=_negated(test))
        case ast.comprehension(ifs=[test]):
            yield _with(node, ifs=[_negated(test)])
        case ast.Call(func=func, args=[first, second, *rest]):
            starred = isinstance(first, ast.Starred) or isinstance(second, ast.Starred)
            symmetric = ast.unparse(func).split(".")[-1] in SYMMETRIC
            if not starred and not symmetric and ast.unparse(first) != ast.unparse(second):
                yield _with(node, args=[second, first, *rest])
        case ast.AugAssign(op=op):
            if type(op) in OPERATORS:
                yield _with(node, op=OPERATORS[type(op)]())
            yield ast.Pass()
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]) | ast.Raise():
            yield ast.Pass()
        case ast.Expr(value=value) if not isinstance(value, ast.Constant):
            yield ast.Pass()
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()
