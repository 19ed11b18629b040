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


class _Lanes:
    """32-bit arithmetic on one number a lane."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder
        shifted = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        self.rotate_right = cgutils.get_or_insert_function(builder.module, shifted, f"llvm.fshr.v{LANES}i32")

    def constant(self, value: int) -> Vector:
        """Return the same number in every lane."""
        return ir.Constant(_VECTOR, [value] * LANES)

    def add(self, first: Vector, *others: Vector) -> Vector:
        """Return the sum modulo 2**32."""
        for other in others:
            first = self.builder.add(first, other)
        return first

    def mix(self, word: Vector, rotations: tuple[int, ...], shift: int | None = None) -> Vector:
        """Return the exclusive or of ``word`` rotated right by each amount, and shifted right if a shift is given."""
        build = self.builder
        parts = [build.call(self.rotate_right, [word, word, self.constant(by)]) for by in rotations]
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


def _digest(lanes: _Lanes, words: list[Vector]) -> list[Vector]:
    """Return the first words of the digest of a block."""
    for step in range(WORDS, len(ROUND_CONSTANTS)):
        early, late = lanes.mix(words[step - 15], (7, 18), 3), lanes.mix(words[step - 2], (17, 19), 10)
        words.append(lanes.add(words[step - 16], early, words[step - 7], late))
    a, b, c, d, e, f, g, h = start = [lanes.constant(int(word)) for word in INITIAL]
    for constant, word in zip(ROUND_CONSTANTS, words, strict=True):
        first = lanes.add(h, lanes.mix(e, (6, 11, 25)), lanes.choose(e, f, g), lanes.constant(int(constant)), word)
        second = lanes.add(lanes.mix(a, (2, 13, 22)), lanes.majority(a, b, c))
        a, b, c, d, e, f, g, h = lanes.add(first, second), a, b, c, lanes.add(d, first), e, f, g
    return [lanes.add(word, before) for word, before in zip((a, b, c, d), start, strict=False)]


@intrinsic  # type: ignore[untyped-decorator]  # numba ships no types
def digest_lanes(_context: Any, words: Any, digests: Any) -> tuple[Any, Callable[..., Any]]:
    """Read blocks from words[16, LANES], write the first digest words to digests[4, LANES]; both uint32, contiguous."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def row(argument: int, number: int) -> Any:
            array = context.make_array(signature.args[argument])(context, builder, arguments[argument])
            vectors = builder.bitcast(array.data, _VECTOR.as_pointer())
            return builder.gep(vectors, [ir.Constant(ir.IntType(64), number)])

        block = [builder.load(row(0, number), align=4) for number in range(WORDS)]
        for number, vector in enumerate(_digest(_Lanes(builder), block)):
            builder.store(vector, row(1, number), align=4)
        return context.get_dummy_value()

    return types.void(words, digests), generate
