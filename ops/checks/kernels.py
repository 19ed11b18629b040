"""Compiled kernels: whether they can be had. None is loaded or compiled for that."""

import os
import sys
from importlib import metadata
from pathlib import Path

from ops.checks.directory import nearest
from ops.checks.finding import Finding, Patient, ok, warn
from universe.compiled import CACHE_NAME

SLOWLY = "; without them everything works, large runs take some twenty times as long"


def check_kernels(_: Patient) -> Finding:
    """Whether numba works, and has a place to keep machine code."""
    if sys.byteorder != "little":
        return warn("kernels", "packed counters are little-endian, this processor is not", f"nothing helps{SLOWLY}")
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in {"", "0"}:
        return warn("kernels", "numba is told not to compile", f"unset NUMBA_DISABLE_JIT{SLOWLY}")
    try:
        import numba

        version = f"numba {numba.__version__}, llvmlite {metadata.version('llvmlite')}"
    except Exception as fault:  # noqa: BLE001  whatever an import of compiled code can raise
        shown = f"numba cannot be imported ({type(fault).__name__}: {' '.join(str(fault).split())})"
        return warn("kernels", shown, f"{sys.executable} -m pip install --force-reinstall numba{SLOWLY}")
    folder = cache_folder()
    there = nearest(folder)
    if not os.access(there, os.W_OK | os.X_OK) or not there.is_dir():
        return warn(
            "kernels",
            f"{version}; {folder} cannot be written",
            f"let this user write {there}, or set NUMBA_CACHE_DIR{SLOWLY}",
        )
    built = len(list(folder.glob("kernels-*"))) if folder.is_dir() else 0
    kept = (
        f"machine code in {folder}" if built or os.environ.get("NUMBA_CACHE_DIR") else f"to be compiled into {folder}"
    )
    return ok("kernels", f"{version}; {kept}")


def cache_folder() -> Path:
    """Return where machine code is kept."""
    if folder := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(folder)
    import platformdirs

    return platformdirs.user_cache_path(CACHE_NAME, appauthor=False)
