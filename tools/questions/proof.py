"""get_audit_proof: that a draw is in the log of draws, for anyone to check without this server."""

from datetime import date
from typing import Annotated, Any, cast

import attrs
from pydantic import Field
from typing_extensions import TypedDict

from tools.answers import BonusNumbers, MainNumbers, SnapshotField, mark
from tools.arguments import GAME_ID, Arguments, GameId
from tools.question import Question
from tools.source import Snapshot, Witness
from tools.words import heading, numbers_text
from universe.errors import DrawError

NUMBER_MAX = 10**18

Path = Annotated[list[str], Field(description="SHA-256 hashes, base64, from the leaf upwards (RFC 6962).")]


class ProofArguments(Arguments):
    """Which draw, in which tree."""

    draw_number: Annotated[int, Field(ge=1, le=NUMBER_MAX, description="Number of the draw, from 1.")]
    tree_size: Annotated[
        int | None, Field(ge=1, le=NUMBER_MAX, description="In the tree over so many draws; null: over all there are.")
    ] = None
    from_size: Annotated[
        int | None,
        Field(ge=1, le=NUMBER_MAX, description="Also prove that the tree over so many draws was only added to."),
    ] = None
    game_id: Annotated[GameId | None, GAME_ID] = None


@attrs.frozen(kw_only=True)
class DrumSize:
    """A drum."""

    picked: Annotated[int, Field(description="Numbers a draw.")]
    size: Annotated[int, Field(description="Numbers in the drum.")]


class Consistency(TypedDict):
    """That a log only grew: a document of its own, for the same checker."""

    version: Annotated[int, Field(description="Of the format.")]
    proves: Annotated[str, Field(description="consistency.")]
    game_id: Annotated[str, Field(description="The game.")]
    log: Annotated[str, Field(description="draws.")]
    old_size: Annotated[int, Field(description="Leaves of the older tree.")]
    old_root: Annotated[str, Field(description="Its root, hexadecimal.")]
    tree_size: Annotated[int, Field(description="Leaves of the newer tree.")]
    root: Annotated[str, Field(description="Its root.")]
    path: Path


@attrs.frozen(kw_only=True)
class ProofAnswer:
    """A proof, as ``universe proof`` prints it too."""

    snapshot: SnapshotField
    version: Annotated[int, Field(description="Of the format.")]
    proves: Annotated[str, Field(description="draw.")]
    game_id: Annotated[str, Field(description="The game.")]
    main: Annotated[DrumSize, Field(description="The main drum.")]
    bonus: Annotated[dict[str, Any] | None, Field(description="The bonus drum, or how many of the rest; null without.")]
    outcomes: Annotated[int | str, Field(description="Different draws; it and rank are text beyond 2**53.")]
    epoch: Annotated[date, Field(description="Date of logical day 0.")]
    draws_per_day: Annotated[int, Field(description="Draws of a logical day.")]
    draw_number: Annotated[int, Field(description="The draw.")]
    draw_date: Annotated[
        date, Field(description="First draw date on or after epoch + (draw_number - 1) // draws_per_day days.")
    ]
    message: Annotated[str, Field(description="What is hashed for its seed.")]
    digest: Annotated[str, Field(description="SHA-256 of the message.")]
    rank: Annotated[int | str, Field(description="First 16 bytes of the digest modulo outcomes: the leaf's data.")]
    main_numbers: MainNumbers
    bonus_numbers: BonusNumbers
    leaf_index: Annotated[int, Field(description="draw_number - 1.")]
    tree_size: Annotated[int, Field(description="Leaves of the tree.")]
    root: Annotated[str, Field(description="Its root, hexadecimal.")]
    path: Path
    consistency: Annotated[Consistency | None, Field(description="From from_size to tree_size; null if not asked.")]


def ask(snapshot: Snapshot, asked: ProofArguments, _: Witness) -> ProofAnswer:
    """Return the proof of one draw."""
    view = snapshot.game(asked.game_id)
    if view.clock is None or asked.draw_number > view.watermark:
        known = f"the last draw is {view.watermark}" if view.watermark else "it has none yet"
        raise DrawError(f"{view.game.game_id}: draw {asked.draw_number} has not been made, {known}")
    found, grown = snapshot.draw_proof(view, asked.draw_number, asked.tree_size, asked.from_size)
    document = dict(found)
    document["epoch"], document["draw_date"] = view.clock.epoch, view.clock.draw_date(asked.draw_number)
    document["main"], consistency = DrumSize(**found["main"]), cast("Consistency | None", grown)
    return ProofAnswer(snapshot=mark(view), consistency=consistency, **document)


def tell(answer: ProofAnswer) -> str:
    """Return the proof in words, hashes included."""
    lines = [
        heading(answer.snapshot),
        (
            f"Proof (version {answer.version}, of a {answer.proves}): {answer.game_id} draw {answer.draw_number}"
            f" ({answer.draw_date}), {numbers_text(answer.main_numbers, answer.bonus_numbers)}, is leaf"
            f" {answer.leaf_index} of the log over {answer.tree_size} draws."
        ),
        f"root {answer.root}",
        f"message {answer.message}, SHA-256 {answer.digest}",
        (
            f"date {answer.draw_date}: the first draw date on or after its logical day, at {answer.draws_per_day} draws"
            f" a day since {answer.epoch}"
        ),
        (
            f"rank {answer.rank} of {answer.outcomes} outcomes; drums: main {answer.main.picked} of"
            f" {answer.main.size}, bonus {_bonus_text(answer)}"
        ),
        f"path: {' '.join(answer.path) or 'none, the leaf is the root'}",
    ]
    if (grown := answer.consistency) is not None:
        lines.append(
            f"Proof (version {grown['version']}, of {grown['proves']} of the log of {grown['log']}): it only grew from"
            f" {grown['old_size']} draws (root {grown['old_root']}) to {grown['tree_size']} (root {grown['root']})."
        )
        lines.append(f"path: {' '.join(grown['path']) or 'none is needed'}")
    lines.append("`universe proof --checker` prints a program of 100 lines that checks this document.")
    return "\n".join(lines)


def _bonus_text(answer: ProofAnswer) -> str:
    if answer.bonus is None:
        return "none"
    drum = f" of {answer.bonus['size']}" if "size" in answer.bonus else " of the rest"
    return f"{answer.bonus['picked']}{drum}"


AUDIT_PROOF = Question(
    name="get_audit_proof",
    title="Audit proof",
    description=(
        "A Merkle proof (RFC 6962) that a synthetic draw is in the game's log of draws, with every step of the seed"
        " rule: whoever knows a root can check it without this server. Use it to cite a draw so that nobody can change"
        " it afterwards; keep tree_size and root, and ask later with from_size for a proof that the log only grew."
        ' Hashes are SHA-256. Example: {"draw_number": 1, "game_id": "GAME_001"}.'
    ),
    arguments=ProofArguments,
    answer=ProofAnswer,
    ask=ask,
    tell=tell,
    heavy=True,
)
