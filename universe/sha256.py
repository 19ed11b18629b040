"""SHA-256 (FIPS 180-4) of many short messages at once, as numpy arithmetic that leaves the interpreter lock alone.

Why not hashlib: its call for each draw costs twice as much, and all of that under the lock.
Equality with hashlib is a property test.
"""

from math import isqrt

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint32]

MESSAGE_BYTES_MAX = 55  # one block: the message, the byte 0x80, the length in 8 bytes
LANES_MAX = 32_768  # messages at once: enough to hide the cost of a call, and the arrays stay near the core


def _primes(count: int) -> list[int]:
    found: list[int] = []
    candidate = 2
    while len(found) < count:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return found


def _cube_root(value: int) -> int:
    root = 1 << -(-value.bit_length() // 3)
    while root**3 > value:  # Newton from above ends at the floor
        root = (2 * root + value // root**2) // 3
    return root


_FRACTION = 0xFFFFFFFF
ROUND_CONSTANTS = [np.uint32(_cube_root(prime << 96) & _FRACTION) for prime in _primes(64)]
INITIAL = [np.uint32(isqrt(prime << 64) & _FRACTION) for prime in _primes(8)]


class _Lanes:
    """Working memory for so many messages, written in place: fresh arrays for each step would double the time."""

    def __init__(self, lanes: int) -> None:
        self.words: list[Words] = list(np.empty((16, lanes), dtype=np.uint32))
        self._state: list[Words] = list(np.empty((8, lanes), dtype=np.uint32))
        self._first, self._second, self._shifted = np.empty((3, lanes), dtype=np.uint32)

    def _mix(self, word: Words, rotations: tuple[int, ...], out: Words, shift: int | None = None) -> Words:
        """Return the exclusive or of ``word`` rotated right by each amount, and shifted right if a shift is given."""
        shifted = self._shifted
        np.right_shift(word, np.uint32(rotations[0]), out=out)
        for amount in (*rotations[1:], *(() if shift is None else (shift,))):
            np.right_shift(word, np.uint32(amount), out=shifted)
            np.bitwise_xor(out, shifted, out=out)
        for amount in rotations:
            np.left_shift(word, np.uint32(32 - amount), out=shifted)
            np.bitwise_xor(out, shifted, out=out)
        return out

    def _next_word(self, step: int) -> Words:
        """Return word ``step`` of the message schedule; from 16 on it takes the place of the one 16 before."""
        word = self.words[step % 16]
        if step >= 16:
            word += self._mix(self.words[(step - 15) % 16], (7, 18), self._first, shift=3)
            word += self._mix(self.words[(step - 2) % 16], (17, 19), self._first, shift=10)
            word += self.words[(step - 7) % 16]
        return word

    def compress(self) -> Words:
        """Return the first four words of the digests, shape (4, lanes); ``words`` is used up."""
        for word, start in zip(self._state, INITIAL, strict=True):
            word[:] = start
        a, b, c, d, e, f, g, h = self._state
        first, second = self._first, self._second
        for step, constant in enumerate(ROUND_CONSTANTS):
            h += np.add(self._next_word(step), constant, out=first)
            h += self._mix(e, (6, 11, 25), first)
            np.bitwise_xor(f, g, out=first)
            first &= e
            h += np.bitwise_xor(first, g, out=first)  # e chooses f or g
            d += h
            h += self._mix(a, (2, 13, 22), first)
            np.bitwise_xor(a, b, out=first)
            first &= c
            np.bitwise_and(a, b, out=second)
            h += np.bitwise_or(first, second, out=first)  # the majority of a, b, c
            a, b, c, d, e, f, g, h = h, a, b, c, d, e, f, g
        return np.stack([word + start for word, start in zip((a, b, c, d), INITIAL, strict=False)])


def digest_words(messages: npt.NDArray[np.uint8]) -> Words:
    """Return the first 16 bytes of each digest as big-endian words, shape (4, messages).

    ``messages`` holds one message a row, all of one length of at most MESSAGE_BYTES_MAX bytes.
    """
    count, length = messages.shape
    assert length <= MESSAGE_BYTES_MAX
    digests = np.empty((4, count), dtype=np.uint32)
    for start in range(0, count, LANES_MAX):
        part = messages[start : start + LANES_MAX]
        block = np.zeros((len(part), 64), dtype=np.uint8)
        block[:, :length] = part
        block[:, length] = 0x80
        block[:, 62:] = np.array([length * 8], dtype=">u2").view(np.uint8)
        lanes = _Lanes(len(part))
        for word, column in zip(lanes.words, block.view(">u4").T, strict=True):
            word[:] = column
        digests[:, start : start + LANES_MAX] = lanes.compress()
    return digests
