"""Many simulations, one seed each: play, judge, and say how to play one again."""

import attrs

from tests.simulation.chance import scenario_of_seed
from tests.simulation.log import Log
from tests.simulation.oracle import breaches, has_settled
from tests.simulation.play import Play, play
from tests.simulation.scenario import Scenario
from tests.simulation.stage import Stage


@attrs.frozen(kw_only=True)
class Outcome:
    """What one simulation came to."""

    play: Play
    breaches: tuple[str, ...]

    @property
    def digest(self) -> str:
        """The fingerprint of all that happened."""
        return self.play.stage.log.digest()


def play_scenario(scenario: Scenario, *, keeps_lines: bool = False) -> Outcome:
    """Play a scenario and judge it. An error that nobody foresaw is a breach as well."""
    played = Play(Stage(scenario, Log(keeps_lines=keeps_lines)), settled=has_settled)
    try:
        play(played)
    except BaseException as error:  # whatever it is, the seed must be told
        if isinstance(error, KeyboardInterrupt):
            raise
        return Outcome(play=played, breaches=(f"the simulation ended with {error!r}",))
    return Outcome(play=played, breaches=tuple(breaches(played)))


def play_seed(seed: int, *, keeps_lines: bool = False) -> Outcome:
    return play_scenario(scenario_of_seed(seed), keeps_lines=keeps_lines)


def failure_text(seed: int, outcome: Outcome) -> str:
    """Say what is wrong with a seed's simulation, and how to play it again."""
    lines = [f"seed {seed}:", *(f"  {breach}" for breach in outcome.breaches)]
    return "\n".join([*lines, f"replay: python -m tests.simulation --seed {seed} --runs 1 --trace"])
