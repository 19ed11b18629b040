"""Check a proof that a draw or a real result is in a log whose root was published, or that the log only grew since.

    python check_proof.py proof.json --root SIZE:HEX        without a file, the proof is read from stdin

Stands alone: the standard library, nothing of the program that made the proof. Trees and paths are those of RFC 6962,
section 2.1. Prints one line; exit code 0: the proof holds, 1: it does not, 2: it cannot be read.
"""

import argparse
import json
import sys
from base64 import b64decode
from datetime import date
from hashlib import sha256
from math import comb
from pathlib import Path
from re import fullmatch
from typing import Any


def require(holds: object, fault: str) -> None:
    """Go on only with what holds."""
    if not holds:
        sys.exit(f"WRONG: {fault}")  # exit code 1


def climb(end: int, size: int, path: list[bytes], leaf: bool) -> tuple[bytes, bytes]:
    """Return the roots over ``end`` and over all leaves. A path starts at that leaf, or at what both trees share."""
    if size == (1 if leaf else end):
        require(len(path) == 1, "the path has a wrong length")
        return path[0], path[0]
    cut = 1 << (size - 1).bit_length() - 1  # the largest power of two below the size
    if end <= cut:
        old, new = climb(end, cut, path[:-1], leaf)
        return old, sha256(b"\x01" + new + path[-1]).digest()
    old, new = climb(end - cut, size - cut, path[:-1], leaf)
    return sha256(b"\x01" + path[-1] + old).digest(), sha256(b"\x01" + path[-1] + new).digest()


def numbers_of(rank: int, picked: int) -> list[int]:
    """Return the numbers of a rank: the highest, less one, is the largest c with C(c, picked) <= rank; and so on."""
    c = max(c for c in range(256) if comb(c, picked) <= rank) if picked else 0
    return [*numbers_of(rank - comb(c, picked), picked - 1), c + 1] if picked else []


def draw_of(proof: dict[str, Any]) -> tuple[bytes, str]:
    """Make the draw by the seed rule, hold each step against the proof; return its leaf (the rank) and its numbers."""
    main, bonus, number = proof["main"], proof["bonus"] or {"picked": 0, "size": 0}, proof["draw_number"]
    rest = "rest_of_drum" in bonus  # the bonus comes out of what the main numbers leave
    drum = main["size"] - main["picked"] if rest else bonus["size"]
    require(0 < main["picked"] <= main["size"] < 256 and 0 <= bonus["picked"] <= drum < 256, "the pools are impossible")
    day, epoch = date.fromisoformat(proof["draw_date"]), date.fromisoformat(proof["epoch"])
    wait = (day - epoch).days - (number - 1) // (pace := proof["draws_per_day"])
    require(pace > 0 and 0 <= wait <= 366, f"the date is {wait} days after the draw's logical day, not 0 to 366")
    outcomes = comb(main["size"], main["picked"]) * (bonus_outcomes := comb(drum, bonus["picked"]))
    message = f"{proof['game_id']}|{day}|{number}"
    digest = sha256(message.encode("ascii")).hexdigest()
    rank = int(digest[:32], 16) % outcomes
    drawn = numbers_of(rank // bonus_outcomes, main["picked"])
    left = [n for n in range(1, main["size"] + 1) if n not in drawn]
    extra = [left[place - 1] if rest else place for place in numbers_of(rank % bonus_outcomes, bonus["picked"])]
    steps = {"message": message, "digest": digest, "outcomes": outcomes, "rank": rank, "leaf_index": number - 1}
    for name, value in {**steps, "main_numbers": drawn, "bonus_numbers": extra}.items():
        require(str(proof[name]) == str(value), f"{name} is {value}, not {proof[name]!r}")
    told = f"{drawn} of {main['size']}" + (f" + {extra} of {'the rest' if rest else drum}" if extra else "")
    return rank.to_bytes(8, "big"), f"{told}, at {pace:d} draws a day since {epoch}"


def check(proof: dict[str, Any], trusted: str | None) -> str:
    """Return what a proof shows, and under which roots: the trusted one, if there is any, must be among them."""
    kind, size, path = proof["proves"], proof["tree_size"], [b64decode(part, validate=True) for part in proof["path"]]
    require(proof["version"] == 1 and kind in {"draw", "result", "consistency"}, "an unknown kind of proof")
    if grew := kind == "consistency":
        end, start, told = proof["old_size"], bytes.fromhex(proof["old_root"]), "the log only grew"
    else:
        text, numbers = proof["message"], r"\d+" if kind == "draw" else r"[\d ]+\|[\d ]*"
        named = fullmatch(r"([A-Za-z0-9_.-]{1,32})\|\d{4}-\d\d-\d\d\|" + numbers, text)
        require(named and named[1] == proof["game_id"], f"{text!r} is no {kind} of {proof['game_id']!r}")
        leaf, told = draw_of(proof) if kind == "draw" else (text.encode("ascii"), "a real result")
        end, start, told = proof["leaf_index"] + 1, sha256(b"\x00" + leaf).digest(), f"{text}: {told}"
    require({len(part) for part in [start, *path]} == {32}, "a hash has 32 bytes")
    require(0 < end <= size, f"{end} is not in 1 to {size}")
    shared = not grew or end in {size, end & -end}  # else what both trees share is not the whole old tree
    old, new = climb(end, size, [start, *path] if shared else path, leaf=not grew)
    require(new.hex() == proof["root"] and (old == start or not grew), f"the path leads to {old.hex()}, {new.hex()}")
    heads = [f"{end}:{old.hex()}", f"{size}:{new.hex()}"][not grew :]
    require(trusted in {None, *heads}, f"it is about {' and '.join(heads)}, not {trusted!r}")
    return f"{'ok' if trusted else 'fits its own root, no other was given'}: {told}, under {' and '.join(heads)}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("proof", nargs="?", type=Path, default=Path("/dev/stdin"))
    parser.add_argument("--root", metavar="SIZE:HEX", help="the published root; of a log that grew: its old or new one")
    given = parser.parse_args()
    try:
        print(check(json.loads(given.proof.read_bytes()), given.root))  # noqa: T201
    except Exception as fault:  # noqa: BLE001  whatever a document makes of it
        parser.exit(2, f"no proof: {fault!r}\n")
