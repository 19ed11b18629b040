"""One block of SHA-256 (FIPS 180-4) for LANES messages side by side, as vector instructions of this processor.

All 64 rounds are written out in LLVM's vector types, so nothing depends on what a compiler recognises in a loop.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from universe.sha256 import INITIAL, ROUND_CONSTANTS

LANES = 16 if binding.get_host_cpu_features().get("avx512f") else 8
WORDS = 16  # 32-bit words of a message block
DIGEST_WORDS = 4  # the first 16 bytes of a digest are all that a seed needs

_VECTOR = ir.VectorType(ir.IntType(32), LANES)
Vector = Any  # a value of llvmlite's builder: it ships no types


class Lanes:
    """32-bit arithmetic on one number a lane."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder
        shifted = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        self._shift_right = cgutils.get_or_insert_function(builder.module, shifted, f"llvm.fshr.v{LANES}i32")

    def constant(self, value: int) -> Vector:
        """Return the same number in every lane."""
        return ir.Constant(_VECTOR, [value] * LANES)

    def add(self, first: Vector, *others: Vector) -> Vector:
        """Return the sum modulo 2**32."""
        for other in others:
            first = self.builder.add(first, other)
        return first

    def shift_in(self, high: Vector, low: Vector, amount: int) -> Vector:
        """Return the low word of high and low, 64 bits together, shifted right."""
        return self.builder.call(self._shift_right, [high, low, self.constant(amount)])

    def mix(self, word: Vector, rotations: tuple[int, ...], shift: int | None = None) -> Vector:
        """Return the exclusive or of ``word`` rotated right by each amount, and shifted right if a shift is given."""
        build = self.builder
        parts = [self.shift_in(word, word, amount) for amount in rotations]
        if shift is not None:
            parts.append(build.lshr(word, self.constant(shift)))
        return build.xor(build.xor(parts[0], parts[1]), parts[2])

    def choose(self, e: Vector, f: Vector, g: Vector) -> Vector:
        """Return f where e has a one, else g."""
        return self.builder.xor(g, self.builder.and_(e, self.builder.xor(f, g)))

    def majority(self, a: Vector, b: Vector, c: Vector) -> Vector:
        """Return what at least two of the three have."""
        build = self.builder
        return build.or_(build.and_(a, b), build.and_(c, build.or_(a, b)))


def compress(lanes: Lanes, state: list[Vector], block: list[Vector]) -> list[Vector]:
    """Return the state, eight words, after a block of WORDS words."""
    words = list(block)
    a, b, c, d, e, f, g, h = state
    for step, constant in enumerate(ROUND_CONSTANTS):
        if step >= WORDS:
            early, late = lanes.mix(words[step - 15], (7, 18), 3), lanes.mix(words[step - 2], (17, 19), 10)
            words.append(lanes.add(words[step - 16], early, words[step - 7], late))
        word = words[step]
        first = lanes.add(h, lanes.mix(e, (6, 11, 25)), lanes.choose(e, f, g), lanes.constant(int(constant)), word)
        second = lanes.add(lanes.mix(a, (2, 13, 22)), lanes.majority(a, b, c))
        a, b, c, d, e, f, g, h = lanes.add(first, second), a, b, c, lanes.add(d, first), e, f, g
    return [lanes.add(word, before) for word, before in zip((a, b, c, d, e, f, g, h), state, strict=True)]


def initial_state(lanes: Lanes) -> list[Vector]:
    """Return the state before the first block."""
    return [lanes.constant(int(word)) for word in INITIAL]


def rows(context: Any, builder: Any, kind: Any, array: Any) -> Callable[[int], Any]:
    """Return where each row of a contiguous uint32 array [rows, LANES] is, by its number."""
    vectors = builder.bitcast(context.make_array(kind)(context, builder, array).data, _VECTOR.as_pointer())
    return lambda number: builder.gep(vectors, [ir.Constant(ir.IntType(64), number)])


@intrinsic  # type: ignore[untyped-decorator]  # numba ships no types
def digest_lanes(_context: Any, words: Any, digests: Any) -> tuple[Any, Callable[..., Any]]:
    """Read blocks from words[16, LANES], write the first digest words to digests[4, LANES]; both uint32, contiguous."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, target = (rows(context, builder, *pair) for pair in zip(signature.args, arguments, strict=True))
        block = [builder.load(source(number), align=4) for number in range(WORDS)]
        lanes = Lanes(builder)
        for number, vector in enumerate(compress(lanes, initial_state(lanes), block)[:DIGEST_WORDS]):
            builder.store(vector, target(number), align=4)
        return context.get_dummy_value()

    return types.void(words, digests), generate
