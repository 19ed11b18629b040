"""What figures depend on: the machine, how busy it is, and the versions that do the work."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import apsw
import numpy as np

from universe import __version__
from universe.compiled import kernel_state

CPU_INFO = Path("/proc/cpuinfo")


def machine() -> dict[str, Any]:
    """Return the machine, its load, the versions, and whether compiled kernels serve in this process."""
    kernels = kernel_state()
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": cpu_model(),
        "cpus": os.cpu_count(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": _version("numba"),
        "llvmlite": _version("llvmlite"),
        "sqlite": apsw.sqlite_lib_version(),
        "universe": __version__,
        "kernels": kernels.state,
        "kernels_reason": kernels.reason,
    }


def cpu_model() -> str | None:
    """Return what the processor calls itself, None where that is not told."""
    if CPU_INFO.exists():
        for line in CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
