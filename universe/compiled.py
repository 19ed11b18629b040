"""Whether compiled kernels serve, and how they get loaded.

Loading imports numba, and compiles where no earlier process has left its machine code: a second to several. So it is
asked for only where millions of draws are ahead, in a thread; the plain path serves meanwhile, and for good where
kernels cannot be had. Both give the same results, bit by bit. Kernels that few processes need are modules of their own,
loaded one by one (``load_kernel_module``), so that the others wait no longer for theirs.
"""

import gc
import hashlib
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

import attrs

from universe.game import WORD_OUTCOMES_MAX, Game

if TYPE_CHECKING:  # numpy takes a while, and a process answers before it needs any
    import numpy as np
    import numpy.typing as npt

    from universe.cells import Chunk

BONUS_OUTCOMES_MAX = 2**16  # kernels hold a table of all bonus draws
KERNELS_DRAWS_MIN = 500_000  # fewer draws are made before kernels are loaded
KERNELS_AWAITED_DRAWS_MIN = 2_000_000  # so many are made sooner with them, even if they must be compiled first
COMPILE_SECONDS_MAX = 60.0
CACHE_NAME = "synthetic-lottery-universe"
ModuleName = Literal["merkle", "histories"]  # of kernels that are loaded on demand
Loaded = TypeVar("Loaded")


class Kernels(Protocol):
    """The module ``universe.kernels.path``; ranks and cells may have any integer type that is wide enough."""

    def ranks_of_spans(self, game: Game, spans: Sequence[tuple[date, int, int]]) -> "npt.NDArray[np.integer] | None":
        """Return the ranks of consecutive spans of draws (date, first, last); None: ask the plain path."""
        ...

    def count_spans(
        self, game: Game, ranks: "npt.NDArray[np.integer]", bounds: Sequence[int]
    ) -> "npt.NDArray[np.int64]":
        """Return a row of totals for each span of draws between neighbouring bounds."""
        ...

    def compare_ranks(
        self,
        game: Game,
        ranks: "npt.NDArray[np.integer]",
        real_main: Sequence[int],
        real_bonus: Sequence[int],
        level_min: int,
    ) -> "tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]":
        """Return the draws on each match level, and the positions of those with ``level_min`` matches or more."""
        ...

    def sorted_ranks(self, game: Game, pieces: "Sequence[npt.NDArray[np.integer]]") -> "npt.NDArray[np.integer]":
        """Return the ranks of all pieces, ascending, in a new array."""
        ...

    def count_subsets(
        self, game: Game, ascending: "npt.NDArray[np.integer]", row_cells: int
    ) -> "Iterator[tuple[int, npt.NDArray[np.integer]]]":
        """Yield (subset size, a count for every cell) from the largest size kept down to 0."""
        ...

    def add_cells(
        self, chunks: "Mapping[int, Chunk]", chunk_cells: int, cells: "npt.NDArray[np.integer]"
    ) -> "tuple[Iterator[tuple[int, Chunk]], Sequence[int]]":
        """Return the chunks that ascending cells change, and the numbers of those left to the plain path."""
        ...


@attrs.frozen
class KernelState:
    """``unloaded``: not asked for; ``unavailable``: ``reason`` says why the plain path serves for good."""

    state: Literal["unloaded", "loading", "ready", "unavailable"]
    reason: str | None = None


class _Loader:
    """Kernels are a fact of the process, like an imported module: loaded once, for all threads."""

    def __init__(self) -> None:
        self.state = KernelState("unloaded")
        self.kernels: Kernels | None = None
        self.plain = False
        self.turn = threading.Lock()
        self.modules: dict[ModuleName, ModuleType | None] = {}  # None: could not be had
        self.modules_turn = threading.Lock()


_loader = _Loader()


def kernel_state() -> KernelState:
    """Return whether kernels serve in this process."""
    return _loader.state


def kernels_for(game: Game) -> Kernels | None:
    """Return the kernels if they are loaded and serve this game, None for the plain path."""
    if game.outcomes > WORD_OUTCOMES_MAX or game.bonus_outcomes > BONUS_OUTCOMES_MAX:
        return None
    return kernels_of_words()


def kernels_of_words() -> Kernels | None:
    """Return the kernels if they are loaded; what they are given must fit 32 bits."""
    return None if _loader.plain else _loader.kernels


@contextmanager
def plain_only() -> Iterator[None]:
    """Within, the plain path serves all threads."""
    before, _loader.plain = _loader.plain, True
    try:
        yield
    finally:
        _loader.plain = before


def load_kernels() -> KernelState:
    """Load the kernels, or compile them first: blocks for up to some seconds, the first time."""
    with _loader.turn:
        if _loader.state.state == "unloaded":
            _loader.state = KernelState("loading")
            gc.disable()  # a million objects that stay: looking through them again and again would take a tenth longer
            try:
                _loader.kernels = _load_or_compile(_load)
                _loader.state = KernelState("ready")
            except Exception as fault:  # noqa: BLE001  whatever it is, the plain path does without
                _loader.state = KernelState("unavailable", " ".join(str(fault).split()) or type(fault).__name__)
            finally:
                gc.freeze()
                gc.enable()
    return _loader.state


def _load_or_compile(load: Callable[[], Loaded]) -> Loaded:
    """Load kernels; should the cache be damaged, compile them anew."""
    try:
        return load()
    except (EOFError, pickle.PickleError):
        shutil.rmtree(_cache_folder(), ignore_errors=True)
        return load()


def start_loading_kernels() -> None:
    """Have the kernels loaded beside whatever goes on."""
    if _loader.state.state == "unloaded" and not _loader.turn.locked():
        threading.Thread(target=load_kernels, name="kernels", daemon=True).start()


def kernel_module(name: ModuleName) -> ModuleType | None:
    """Return the module ``universe.kernels.<name>`` if it has been loaded, at once; None for the plain path."""
    return None if _loader.plain else _loader.modules.get(name)


def load_kernel_module(name: ModuleName) -> ModuleType | None:
    """Load a module of kernels, after those of ``load_kernels``; None where the plain path serves.

    Blocks for up to some seconds, the first time. It is compiled by another process: compiling holds the interpreter
    lock, and whoever asks in a thread has something else to answer meanwhile.
    """
    if _loader.plain or load_kernels().state != "ready":
        return None
    with _loader.modules_turn:
        if name not in _loader.modules:
            _loader.modules[name] = None
            with suppress(Exception):  # whatever it is, the plain path does without
                _loader.modules[name] = _load_or_compile(lambda: _load_module(name))
    return kernel_module(name)


def _load_module(name: ModuleName) -> ModuleType:
    import numba

    from universe.kernels import warm

    folder = Path(numba.config.CACHE_DIR)
    if not any(folder.rglob(f"{name}*.nbi")):  # numba's indexes begin with the name of the file of the function
        _await(_compile_beside(folder, name))
    warm.WARM[name]()
    return import_module(f"universe.kernels.{name}")


def _load() -> Kernels:
    if sys.byteorder != "little":
        raise RuntimeError("packed counters are little-endian, this processor is not")
    import numba

    if numba.config.DISABLE_JIT:
        raise RuntimeError("numba is told not to compile (NUMBA_DISABLE_JIT)")
    helper = None
    if not os.environ.get("NUMBA_CACHE_DIR"):
        folder = _cache_folder()
        helper = None if any(folder.iterdir()) else _compile_beside(folder, "indexes")
        numba.config.CACHE_DIR = str(folder)
    from universe.kernels import path, warm

    warm.warm_draws()
    _await(helper)
    warm.warm_indexes()
    return path


def _compile_beside(folder: Path, part: str) -> "subprocess.Popen[bytes] | None":
    """Have another process compile a part of the kernels into the cache: compiling holds the interpreter lock.

    Should it fail, they are compiled here; should this process end first, it ends soon after.
    """
    command = [sys.executable, "-m", "universe.kernels.warm", part]
    try:
        return subprocess.Popen(  # noqa: S603  this very interpreter, its own module
            command,
            env={**os.environ, "NUMBA_CACHE_DIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None


def _await(helper: "subprocess.Popen[bytes] | None") -> None:
    if helper is not None:
        with suppress(subprocess.TimeoutExpired):
            helper.wait(COMPILE_SECONDS_MAX)


def _cache_folder() -> Path:
    """Return the folder for machine code of exactly these sources; OSError if it cannot be written.

    Numba itself would notice a change of the one file that holds a function, not of what it calls.
    """
    import platformdirs

    folder = platformdirs.user_cache_path(CACHE_NAME, appauthor=False) / f"kernels-{_sources_digest()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        return folder


def _sources_digest() -> str:
    here, digest = Path(__file__).parent, hashlib.sha256()
    for path in sorted([*here.joinpath("kernels").glob("*.py"), here / "sha256.py"]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
