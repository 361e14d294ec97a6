"""Four numbers in one register, for compiled code: what is done to one is done to all at once.

Each lane comes out as a single number does, to the bit, also on a processor that has no such
registers. Numba has no type for this, and doesn't look for such fours by itself.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, overload, register_model

_VECTOR = ir.VectorType(ir.DoubleType(), 4)
# What single numbers are aligned to: a row of an array begins anywhere.
_ALIGNED = 8


class Four(types.Type):
    """Numba's type of four numbers; the operators + - * / are those of single numbers."""

    def __init__(self) -> None:
        super().__init__("Four")


@register_model(Four)
class _FourModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)  # type: ignore[no-untyped-call]


_FOUR: Any = cast(Any, Four)()


def _instruction(typed: Callable[..., Any]) -> Any:
    """Make a function for compiled code of one that types its arguments and emits instructions."""
    return intrinsic(typed)


def _of_two(emit: Callable[..., Any], result: Any = _FOUR) -> Any:
    """Make a function for compiled code that takes two fours, of the instructions for it."""

    @_instruction
    def function(_context: Any, _a: Any, _b: Any) -> Any:
        return result(_FOUR, _FOUR), lambda _c, builder, _s, values: emit(builder, *values)

    return function


def _chosen(builder: Any, comparison: str, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(comparison, a, b), a, b)


def _any(builder: Any, comparison: str, a: Any, b: Any) -> Any:
    mask = builder.bitcast(builder.fcmp_ordered(comparison, a, b), ir.IntType(4))
    return builder.icmp_unsigned("!=", mask, ir.Constant(ir.IntType(4), 0))


higher = _of_two(lambda builder, a, b: _chosen(builder, ">", a, b))
lower = _of_two(lambda builder, a, b: _chosen(builder, "<", a, b))
any_below = _of_two(lambda builder, a, b: _any(builder, "<", a, b), types.boolean)
any_not_above = _of_two(lambda builder, a, b: _any(builder, "<=", a, b), types.boolean)


def _mean(symbol: Callable[..., Any], emit: Callable[..., Any]) -> None:
    """Say what an operator does with two fours."""
    function = _of_two(emit)

    @overload(symbol, strict=False)
    def _(a: Any, b: Any) -> Any:
        if a == b == _FOUR:
            return lambda a, b: function(a, b)
        return None


_mean(operator.add, lambda builder, a, b: builder.fadd(a, b))
_mean(operator.sub, lambda builder, a, b: builder.fsub(a, b))
_mean(operator.mul, lambda builder, a, b: builder.fmul(a, b))
_mean(operator.truediv, lambda builder, a, b: builder.fdiv(a, b))


@_instruction
def four(_context: Any, _a: Any, _b: Any, _c: Any, _d: Any) -> Any:
    """Return four numbers as one."""

    def emit(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        vector = ir.Constant(_VECTOR, ir.Undefined)
        for place, value in enumerate(values):
            vector = builder.insert_element(vector, value, ir.Constant(ir.IntType(32), place))
        return vector

    return _FOUR(*[types.float64] * 4), emit


def _place(context: Any, builder: Any, signature: Any, array: Any, row: Any) -> Any:
    data = context.make_array(signature.args[0])(context, builder, array).data
    first = builder.gep(data, [builder.mul(row, ir.Constant(row.type, 4))])
    return builder.bitcast(first, _VECTOR.as_pointer())


@_instruction
def load(_context: Any, array: Any, _row: Any) -> Any:
    """Return a row of an array of shape (any, 4), which must be C-contiguous."""

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.load(_place(context, builder, signature, *values), align=_ALIGNED)

    return _FOUR(array, types.intp), emit


@_instruction
def store(_context: Any, array: Any, _row: Any, _value: Any) -> Any:
    """Write a row of such an array."""

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        array, row, value = values
        builder.store(value, _place(context, builder, signature, array, row), align=_ALIGNED)
        return context.get_dummy_value()

    return types.none(array, types.intp, _FOUR), emit


@_instruction
def prefetch(_context: Any, array: Any, _row: Any) -> Any:
    """Ask for both ends of a row of a C-contiguous table: a hint, which changes no number."""

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        table = context.make_array(signature.args[0])(context, builder, values[0])
        size = builder.extract_value(table.shape, 1)
        first = builder.gep(table.data, [builder.mul(values[1], size)])
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        hint = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        # To be read, kept in every cache, data.
        how = [ir.Constant(number, value) for value in (0, 3, 1)]
        for column in (ir.Constant(size.type, 0), builder.sub(size, ir.Constant(size.type, 1))):
            builder.call(hint, [builder.bitcast(builder.gep(first, [column]), byte), *how])
        return context.get_dummy_value()

    return types.none(array, types.uintp), emit
