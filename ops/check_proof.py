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
from typing import Any


def require(holds: bool, fault: str) -> None:
    """Go on only with what holds."""
    if not holds:
        sys.exit(f"WRONG: {fault}")  # exit code 1


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its two children."""
    return sha256(b"\x01" + left + right).digest()


def climb(end: int, size: int, path: list[bytes], leaf: bool) -> tuple[bytes, bytes]:
    """Return the roots over ``end`` and over all leaves. A path starts at that leaf, or at what both trees share."""
    if size == (1 if leaf else end):
        require(len(path) == 1, "the path has a wrong length")
        return path[0], path[0]
    cut = 1 << (size - 1).bit_length() - 1  # the largest power of two below the size
    if end <= cut:
        old, new = climb(end, cut, path[:-1], leaf)
        return old, node(new, path[-1])
    old, new = climb(end - cut, size - cut, path[:-1], leaf)
    return node(path[-1], old), node(path[-1], new)


def numbers_of(rank: int, picked: int) -> list[int]:
    """Return the numbers of a rank: the highest, less one, is the largest c with C(c, picked) <= rank; and so on."""
    c = max(c for c in range(256) if comb(c, picked) <= rank) if picked else 0
    return [*numbers_of(rank - comb(c, picked), picked - 1), c + 1] if picked else []


def leaf_of_draw(proof: dict[str, Any]) -> bytes:
    """Make the draw by the seed rule, hold each step against the proof, and return the leaf: the rank in 8 bytes."""
    main, bonus, number = proof["main"], proof["bonus"] or {"picked": 0, "size": 0}, proof["draw_number"]
    rest = "rest_of_drum" in bonus  # the bonus comes out of what the main numbers leave
    drum = main["size"] - main["picked"] if rest else bonus["size"]
    require(0 < main["picked"] <= main["size"] < 256 and 0 <= bonus["picked"] <= drum < 256, "the pools are impossible")
    bonus_outcomes = comb(drum, bonus["picked"])
    outcomes = comb(main["size"], main["picked"]) * bonus_outcomes
    message = f"{proof['game_id']}|{date.fromisoformat(proof['draw_date'])}|{number}"
    digest = sha256(message.encode("ascii")).hexdigest()
    rank = int(digest[:32], 16) % outcomes
    drawn = numbers_of(rank // bonus_outcomes, main["picked"])
    left = [n for n in range(1, main["size"] + 1) if n not in drawn]
    extra = [left[place - 1] if rest else place for place in numbers_of(rank % bonus_outcomes, bonus["picked"])]
    steps = {"message": message, "digest": digest, "outcomes": outcomes, "rank": rank}
    for name, value in {**steps, "main_numbers": drawn, "bonus_numbers": extra, "leaf_index": number - 1}.items():
        require(str(proof[name]) == str(value), f"{name} is {value}, not {proof[name]}")
    return rank.to_bytes(8, "big")


def check(proof: dict[str, Any], trusted: str | None) -> str:
    """Return what a proof shows, and under which roots: the trusted one, if there is any, must be among them."""
    kind, size, path = proof["proves"], proof["tree_size"], [b64decode(part) for part in proof["path"]]
    require(proof["version"] == 1 and kind in {"draw", "result", "consistency"}, "an unknown kind of proof")
    if grew := kind == "consistency":
        end, start = proof["old_size"], bytes.fromhex(proof["old_root"])
    else:
        leaf = leaf_of_draw(proof) if kind == "draw" else proof["message"].encode("ascii")
        end, start = proof["leaf_index"] + 1, sha256(b"\x00" + leaf).digest()
    require(0 < end <= size, f"{end} is not in 1 to {size}")
    shared = not grew or end in {size, end & -end}  # else what both trees share is not the whole old tree
    old, new = climb(end, size, [start, *path] if shared else path, leaf=not grew)
    require(new.hex() == proof["root"] and (old == start or not grew), f"the path leads to {old.hex()}, {new.hex()}")
    heads = [f"{end}:{old.hex()}", f"{size}:{new.hex()}"][not grew :]
    require(trusted in {None, *heads}, f"it is about {' and '.join(heads)}, not {trusted}")
    return f"{'the log only grew' if grew else proof['message']}, under {' and '.join(heads)}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("proof", nargs="?", type=Path, default=Path("/dev/stdin"))
    parser.add_argument("--root", metavar="SIZE:HEX", help="the published root; of a log that grew: its old or new one")
    given = parser.parse_args()
    try:
        print("ok:", check(json.loads(given.proof.read_bytes()), given.root))  # noqa: T201
    except Exception as fault:  # noqa: BLE001  whatever a document makes of it
        parser.exit(2, f"no proof: {fault!r}\n")
