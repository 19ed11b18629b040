"""Loading kernels: once, beside whatever goes on, and never a reason to fail."""

import json
import os
import platform
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.kernels import fresh_loader
from universe import compiled
from universe.catalogue import shipped_games
from universe.compiled import (
    KernelState,
    kernel_module,
    kernel_state,
    kernels_for,
    load_kernel_module,
    load_kernels,
    plain_only,
    start_loading_kernels,
)

ROOT = Path(__file__).resolve().parents[2]
GAME = shipped_games()["GAME_001"]
SECONDS_MAX = 60
LOAD_AND_DRAW = """
import json
from universe.catalogue import shipped_games
from universe.compiled import kernels_for, load_kernels
from universe.seed import draw_rank, draw_ranks
state, game = load_kernels(), shipped_games()["GAME_001"]
ranks = draw_ranks(game, game.since, 1, 5_000)
assert [int(ranks[0]), int(ranks[-1])] == [draw_rank(game, game.since, number) for number in (1, 5_000)]
again, kernels = load_kernels(), kernels_for(game)
print(json.dumps([state.state, state.reason, again == state, kernels is not None]))
"""
EQUAL_MACHINE_CODE = """
from universe.catalogue import shipped_games
from universe.compiled import load_kernel_module, load_kernels
assert load_kernels().state == "ready"
import numba
from tests.universe import test_kernel_counters, test_kernels, test_merkle_kernel
from universe.kernels.draws import draw_ranks
for name in ("GAME_001", "GAME_005", "GAME_007"):
    test_kernels.test_each_game_has_the_ranks_of_the_plain_path(shipped_games()[name])
    test_kernels.same_totals(test_kernels.LogicalClock(game=shipped_games()[name], epoch=test_kernels.SINCE,
                             draws_per_day=5_000), 1, 100_000, 1)
    test_kernels.same_comparison(shipped_games()[name], 100_000, 1, 12_345)
for game in test_kernels.EDGES:
    test_kernels.test_each_game_has_the_ranks_of_the_plain_path(game)
test_kernel_counters.same_subsets(shipped_games()["GAME_005"], test_kernels.ranks_of(shipped_games()["GAME_005"],
                                  20_000, 1))
test_kernel_counters.test_a_chunk_widens_step_by_step()
(code,) = draw_ranks.inspect_asm().values()
if "%ymm" in code:  # for narrower vectors it takes five seconds to compile
    merkle = load_kernel_module("merkle")
    assert merkle.tree_roots.stats.cache_hits and not merkle.tree_roots.stats.cache_misses, "compiled here"
    test_merkle_kernel.test_roots_are_those_of_hashlib()
    test_merkle_kernel.test_every_lane_has_a_tree_of_its_own(test_merkle_kernel.LANES + 1)
print(*(name for name in ("%ymm", "%zmm") if name in code))
"""


def python(code: str, **environ: str) -> str:
    """What a fresh process prints; it must end well and warn of nothing."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


@pytest.fixture(autouse=True)
def _unloaded() -> Iterator[None]:
    with fresh_loader():
        yield


@pytest.mark.parametrize(
    ("first", "environ", "says"),
    [
        ("", {"XDG_CACHE_HOME": "{file}/below"}, "Not a directory"),
        ("", {"XDG_CACHE_HOME": "{file}"}, "Not a directory"),
        ("import sys; sys.modules['numba'] = None", {}, "numba"),
        ("import sys; sys.modules['llvmlite'] = None", {}, "llvmlite"),
        ("", {"NUMBA_DISABLE_JIT": "1"}, "NUMBA_DISABLE_JIT"),
    ],
    ids=["a folder below a file", "a file for a folder", "no numba", "no llvmlite", "no compiling"],
)
def test_without_kernels_the_plain_path_serves(first: str, environ: dict[str, str], says: str, tmp_path: Path) -> None:
    """A cache that cannot be written, or no compiler: one line says so, and draws are made all the same."""
    file = tmp_path / "file"
    file.touch()
    environ = {name: value.format(file=file) for name, value in environ.items()}
    state, reason, stays, serve = json.loads(python(first + LOAD_AND_DRAW, **environ))
    assert (state, stays, serve) == ("unavailable", True, False)
    assert says in reason
    assert len(reason.splitlines()) == 1
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("kept", [0, 100])
def test_damaged_machine_code_is_no_reason_to_fail(kept: int, tmp_path: Path) -> None:
    """A power cut may leave files of the cache empty or cut short: numba does not sync them."""
    python(LOAD_AND_DRAW)
    whole = compiled._cache_folder()
    damaged = tmp_path / compiled.CACHE_NAME / whole.name
    shutil.copytree(whole, damaged)
    for file in [*damaged.rglob("*.nbi"), *damaged.rglob("*.nbc")]:
        os.truncate(file, kept)
    state, _, stays, _ = json.loads(python(LOAD_AND_DRAW, XDG_CACHE_HOME=str(tmp_path)))
    assert state in {"ready", "unavailable"}
    assert stays


def test_nothing_imports_numba_before_kernels_are_asked_for() -> None:
    modules = ("universe.seed", "universe.subsets", "storage.store", "storage.verify", "actors.system", "ops.simulate")
    code = f"import sys, {', '.join(modules)}; print([m for m in ('numba', 'llvmlite') if m in sys.modules])"
    assert python(code).strip() == "[]"


def test_many_threads_load_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[int] = []
    start, states = threading.Barrier(8), list[KernelState]()

    def load() -> Any:
        loads.append(1)
        return ModuleType("kernels")

    def ask() -> None:
        start.wait(SECONDS_MAX)
        states.append(load_kernels())

    monkeypatch.setattr(compiled, "_load", load)
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS_MAX)
    assert states == [KernelState("ready")] * 8
    assert load_kernels() == kernel_state() == KernelState("ready")
    assert loads == [1]


def test_the_plain_path_serves_while_kernels_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking again meanwhile starts nothing; whoever asks to wait for them gets them."""
    begun, go_on, kernels = threading.Event(), threading.Event(), ModuleType("kernels")

    def load() -> Any:
        begun.set()
        assert go_on.wait(SECONDS_MAX)
        return kernels

    monkeypatch.setattr(compiled, "_load", load)
    assert kernel_state() == KernelState("unloaded")
    start_loading_kernels()
    assert begun.wait(SECONDS_MAX)
    threads = threading.active_count()
    start_loading_kernels()
    assert threading.active_count() == threads
    assert (kernel_state(), kernels_for(GAME)) == (KernelState("loading"), None)
    go_on.set()
    assert load_kernels() == KernelState("ready")
    assert kernels_for(GAME) is kernels
    start_loading_kernels()
    with plain_only():
        with plain_only():
            assert kernels_for(GAME) is None
        assert kernels_for(GAME) is None
    assert kernels_for(GAME) is kernels


@pytest.mark.parametrize("fault", [ImportError("no numba"), OSError(28, "No space left"), RuntimeError])
def test_what_cannot_be_loaded_is_not_tried_again(monkeypatch: pytest.MonkeyPatch, fault: Any) -> None:
    loads: list[int] = []

    def load() -> Any:
        loads.append(1)
        raise fault

    monkeypatch.setattr(compiled, "_load", load)
    assert load_kernels() == load_kernels() == kernel_state()
    assert (kernel_state().state, bool(kernel_state().reason), loads) == ("unavailable", True, [1])
    start_loading_kernels()
    assert kernels_for(GAME) is None


def served(monkeypatch: pytest.MonkeyPatch, load_module: Callable[[str], ModuleType]) -> None:
    monkeypatch.setattr(compiled, "_load", lambda: ModuleType("kernels"))
    monkeypatch.setattr(compiled, "_load_module", load_module)


def test_a_module_is_loaded_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the others and once; looking for it loads nothing, and the plain path has it loaded by nobody."""
    loads: list[str] = []

    def load(name: str) -> ModuleType:
        assert kernel_state() == KernelState("ready")
        assert kernel_module("merkle") is None
        loads.append(name)
        return ModuleType(name)

    served(monkeypatch, load)
    with plain_only():
        assert load_kernel_module("merkle") is None
    assert (kernel_module("merkle"), kernel_state().state) == (None, "unloaded")
    module = load_kernel_module("merkle")
    assert module is not None
    assert load_kernel_module("merkle") is kernel_module("merkle") is module
    assert kernel_module("histories") is None
    with plain_only():
        assert kernel_module("merkle") is None
    assert loads == ["merkle"]


def test_a_module_that_cannot_be_loaded_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others serve all the same; and without those there is no module either."""
    loads: list[str] = []

    def load(name: str) -> ModuleType:
        loads.append(name)
        raise RuntimeError

    served(monkeypatch, load)
    assert load_kernel_module("merkle") is load_kernel_module("merkle") is None
    assert (kernel_state(), loads) == (KernelState("ready"), ["merkle"])
    with fresh_loader():
        monkeypatch.setattr(compiled, "_load", load)
        assert load_kernel_module("merkle") is None
        assert kernel_state().state == "unavailable"


def test_a_damaged_module_is_compiled_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()

    def load(name: str) -> ModuleType:
        if cache.exists():
            raise EOFError
        return ModuleType(name)

    served(monkeypatch, load)
    monkeypatch.setattr(compiled, "_cache_folder", lambda: cache)
    assert load_kernel_module("histories") is not None


def test_changed_sources_have_another_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Numba looks at the file of each kernel alone, not at what its kernels call."""
    shutil.copytree(ROOT / "universe", tmp_path / "universe")
    digest = compiled._sources_digest()
    monkeypatch.setattr(compiled, "__file__", str(tmp_path / "universe/compiled.py"))
    assert compiled._sources_digest() == digest
    seen = {digest}
    for name in ("kernels/sha256.py", "kernels/jit.py", "kernels/tables.py", "sha256.py"):
        with (tmp_path / "universe" / name).open("a", encoding="utf-8") as file:
            file.write("# changed\n")
        seen.add(compiled._sources_digest())
    assert len(seen) == 5


@pytest.mark.skipif(platform.machine().lower() not in {"x86_64", "amd64"}, reason="names of x86 processors")
@pytest.mark.parametrize(("processor", "registers"), [("x86-64-v3", ["%ymm"]), ("x86-64-v2", [])])
def test_machine_code_for_other_processors_gives_the_same(processor: str, registers: list[str], tmp_path: Path) -> None:
    """AVX2 and SSE: numbers a vector holds are chosen for this processor, narrower registers only take longer.

    Without NUMBA_CPU_FEATURES numba would add this processor's own features to the one that is named.
    """
    printed = python(EQUAL_MACHINE_CODE, XDG_CACHE_HOME=str(tmp_path), NUMBA_CPU_NAME=processor, NUMBA_CPU_FEATURES="")
    assert printed.split() == registers
