"""What the benchmark measures, and how much of it: to see whether it works, for two minutes, or all."""

import attrs

PARTS = (
    *("generation", "counting", "statistics", "stages", "pipeline"),
    *("growth", "tools", "served", "start_up", "verify", "pace"),
)


@attrs.frozen(kw_only=True)
class Amounts:
    """How many draws each way of doing the same is measured on, and how often."""

    kernel_draws: int
    plain_draws: int
    python_draws: int
    repeats: int


@attrs.frozen(kw_only=True)
class PipelineScale:
    """How much is measured. ``cold``: also with an empty cache of compiled code, which takes as long as compiling."""

    sizes: tuple[tuple[int, int], ...]  # draws, and how often
    plain_draws: int  # also without the kernels, so many; it is slower
    two_games_draws: int  # of each
    reference_draws: int
    bare_draws: int
    cold: bool


@attrs.frozen(kw_only=True)
class ToolsScale:
    """How much is measured at each size."""

    draws: tuple[int, ...]
    calls: int
    busy_seconds: float


@attrs.frozen(kw_only=True)
class ServedScale:
    """The universe that is served, and how often each tool is called in a round, one after the other and at once."""

    draws: int
    results: int
    rounds: int
    calls: int
    flood_calls: int


@attrs.frozen(kw_only=True)
class Scale:
    """How much is measured. ``pace_seconds`` 0: the production pace is left out."""

    amounts: Amounts
    stage_draws: int
    pipeline: PipelineScale
    growth_draws: int
    tools: ToolsScale
    served: ServedScale
    verify_draws: int
    processes: int
    pace_seconds: float = 0.0


QUICK = Scale(
    amounts=Amounts(kernel_draws=500_000, plain_draws=100_000, python_draws=2_000, repeats=1),
    stage_draws=30_000,
    pipeline=PipelineScale(
        sizes=((60_000, 1),),
        plain_draws=30_000,
        two_games_draws=30_000,
        reference_draws=2_000,
        bare_draws=100_000,
        cold=False,
    ),
    growth_draws=60_000,
    tools=ToolsScale(draws=(60_000,), calls=10, busy_seconds=0.5),
    served=ServedScale(draws=60_000, results=40, rounds=1, calls=3, flood_calls=100),
    verify_draws=60_000,
    processes=1,
)
DEFAULT = Scale(
    amounts=Amounts(kernel_draws=8_000_000, plain_draws=500_000, python_draws=50_000, repeats=5),
    stage_draws=2_000_000,
    pipeline=PipelineScale(
        sizes=((10_000_000, 3),),
        plain_draws=2_000_000,
        two_games_draws=5_000_000,
        reference_draws=20_000,
        bare_draws=4_000_000,
        cold=True,
    ),
    growth_draws=40_000_000,
    tools=ToolsScale(draws=(1_000_000, 10_000_000), calls=100, busy_seconds=4.0),
    served=ServedScale(draws=1_000_000, results=2_000, rounds=5, calls=100, flood_calls=1_000),
    verify_draws=10_000_000,
    processes=5,
)
FULL = Scale(
    amounts=Amounts(kernel_draws=16_000_000, plain_draws=1_000_000, python_draws=100_000, repeats=7),
    stage_draws=10_000_000,
    pipeline=PipelineScale(
        sizes=((40_000_000, 3), (100_000_000, 1)),
        plain_draws=4_000_000,
        two_games_draws=40_000_000,
        reference_draws=50_000,
        bare_draws=16_000_000,
        cold=True,
    ),
    growth_draws=100_000_000,
    tools=ToolsScale(draws=(1_000_000, 10_000_000, 40_000_000, 100_000_000), calls=300, busy_seconds=5.0),
    served=ServedScale(draws=1_000_000, results=2_000, rounds=9, calls=200, flood_calls=2_000),
    verify_draws=40_000_000,
    processes=7,
)
