"""The seed rule for runs of draws of one date."""

import numpy as np
import numpy.typing as npt
from numba import float64, int64, uint32, uint64

from universe.kernels.jit import inlined, kernel
from universe.kernels.sha256 import DIGEST_WORDS, LANES, WORDS, digest_lanes

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint32]

TABLED_DIGITS = 4
RUN_DRAWS = 10**TABLED_DIGITS  # draws whose messages differ in their last digits only
DRAW_NUMBERS_END = 10**18  # the next power of ten still fits a signed 64-bit integer
FIRST_DRAW_MIN = RUN_DRAWS // 10  # a draw number has at least the tabled digits
ONE_STEP_OUTCOMES_MAX = 2**63 // (3 * 2**32) - 1  # three products of a word and a residue fit a signed 64-bit integer

_DIGITS = np.array(
    [int.from_bytes(b"%04d" % number, "big") for number in range(RUN_DRAWS)] + [0] * LANES, dtype=np.uint32
)  # the text of the last digits as one word; lanes past the end of a run read on


@kernel
def draw_ranks(prefix: Bytes, first: int, outcomes: int, ranks: Words) -> None:
    """Write the ranks of draws ``first``, ``first`` + 1, … of one date; ``prefix`` is ``game_id|draw_date|``.

    ``first`` >= FIRST_DRAW_MIN, ``outcomes`` <= 2**32, and a message is at most 55 bytes long.
    """
    words = np.empty((WORDS, LANES), dtype=np.uint32)
    digests = np.empty((DIGEST_WORDS, LANES), dtype=np.uint32)
    block = np.empty(WORDS, dtype=np.uint32)
    done = 0
    while done < len(ranks):
        number = first + done
        low, digits, power = number % RUN_DRAWS, 1, 10
        while power <= number:
            digits, power = digits + 1, power * 10
        count, end = min(RUN_DRAWS - low, len(ranks) - done), len(prefix) + digits
        for row in range(WORDS):
            block[row] = uint32(0)
        for at in range(len(prefix)):
            block[at >> 2] |= uint32(uint32(prefix[at]) << uint32(24 - 8 * (at & 3)))
        high = number // RUN_DRAWS
        for at in range(end - TABLED_DIGITS - 1, len(prefix) - 1, -1):
            block[at >> 2] |= uint32(uint32(48 + high % 10) << uint32(24 - 8 * (at & 3)))
            high //= 10
        block[end >> 2] |= uint32(uint32(0x80) << uint32(24 - 8 * (end & 3)))
        block[WORDS - 1] = uint32(8 * end)
        for row in range(WORDS):
            for lane in range(LANES):
                words[row, lane] = block[row]
        column, right = (end - TABLED_DIGITS) >> 2, uint32(8 * (end & 3))
        left = uint32(31) - right
        before, after = block[column], block[column + 1]
        for base in range(0, count, LANES):
            for lane in range(LANES):
                tabled = _DIGITS[low + base + lane]
                words[column, lane] = before | uint32(tabled >> right)
                words[column + 1, lane] = after | uint32(uint32(tabled << left) << uint32(1))
            digest_lanes(words, digests)
            wanted = min(LANES, count - base)
            if outcomes <= ONE_STEP_OUTCOMES_MAX:
                _reduce(digests, outcomes, ranks, done + base, wanted)
            else:
                _reduce_by_steps(digests, outcomes, ranks, done + base, wanted)
        done += count


@inlined
def _reduce(digests: Words, outcomes: int, ranks: Words, at: int, wanted: int) -> None:
    """Write 128-bit digests modulo ``outcomes``: powers of 2**32 taken modulo it first, then one division in doubles.

    The quotient is off by one at most: it lies below 2**34, and a double has 53 bits.
    """
    modulus = int64(outcomes)
    inverse = 1.0 / float64(modulus)
    power1 = int64(1 << 32) % modulus
    power2 = power1 * power1 % modulus
    power3 = power2 * power1 % modulus
    for lane in range(wanted):
        total = int64(digests[0, lane]) * power3 + int64(digests[1, lane]) * power2
        total += int64(digests[2, lane]) * power1 + int64(digests[3, lane])
        rank = total - int64(float64(total) * inverse) * modulus
        rank += modulus if rank < 0 else 0
        rank -= modulus if rank >= modulus else 0
        ranks[at + lane] = uint32(rank)


@inlined
def _reduce_by_steps(digests: Words, outcomes: int, ranks: Words, at: int, wanted: int) -> None:
    """Write the same for up to 2**32 outcomes, by Horner's rule."""
    modulus = uint64(outcomes)
    for lane in range(wanted):
        rank = uint64(digests[0, lane]) % modulus
        for row in range(1, DIGEST_WORDS):
            rank = uint64(uint64(rank << uint64(32)) | uint64(digests[row, lane])) % modulus
        ranks[at + lane] = uint32(rank)
