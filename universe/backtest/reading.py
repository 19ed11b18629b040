"""What a backtest says, in a sentence: so that no single interval is taken for a discovery."""

EXPECTED_MIN = 5.0  # hits: fewer judge nothing
EVIDENCE_LOG10_MIN = 3.0


def reading(*, expected: float, no_edge_log10_e: float) -> str:
    """Return what so many expected hits and so much evidence against "no edge" mean."""
    if expected < EXPECTED_MIN:
        return f"With {expected:.2g} hits expected nothing can be judged: more tickets, draws, or fewer matches would."
    if no_edge_log10_e >= EVIDENCE_LOG10_MIN:
        return "This is evidence of winning more often than chance: look for an error in the data first."
    return (
        "No evidence that this wins more often. The interval is of one strategy and one seed: one in twenty such"
        " intervals leaves out 1 by chance."
    )


def claim_reading(factor: float, refuted_after_draws: int | None) -> str:
    """Return what became of a claimed factor."""
    if refuted_after_draws is not None:
        return f"The claim of {factor:g} is refuted after {refuted_after_draws} draws."
    return f"The claim of {factor:g} is undecided: so many draws and tickets do not refute it, and do not show it."
