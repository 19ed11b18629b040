"""One measured process: a command of ours, and at its end what it used, as the last line of its stderr.

``python -m ops.bench_child [--plain] COMMAND …``. The process tells on itself because nobody else can: its high-water
mark is gone once it has ended, and what a parent gets to know instead (``wait4``) is never less than the parent's own.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

from ops.main import run_command

FINISHED = "bench.finished"
STATUS = Path("/proc/self/status")


def main(arguments: list[str]) -> int:
    """Run the command, ``--plain`` without the compiled kernels; returns its exit code."""
    if arguments[:1] == ["--plain"]:
        from universe.compiled import plain_only

        with plain_only():
            return _run(arguments[1:])
    return _run(arguments)


def _run(arguments: list[str]) -> int:
    code = run_command(arguments)
    if not code:  # the last line of a failure is its reason
        sys.stderr.write(json.dumps(finished()) + "\n")
    return code


def finished() -> dict[str, Any]:
    """Return what this process has used so far, and which kernels served in it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "event": FINISHED,
        "rss_max_bytes": rss_max_bytes(),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 3),
        "kernels": _kernels(),
    }


def rss_max_bytes() -> int:
    """Return the most memory that this process ever had resident, in bytes."""
    if STATUS.exists():
        lines = STATUS.read_text(encoding="ascii", errors="replace").splitlines()
        (kilobytes,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
        return int(kilobytes) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _kernels() -> str:
    """Return the state of the kernels; a command that never asked for them has none."""
    if "universe.compiled" not in sys.modules:
        return "unloaded"
    from universe.compiled import kernel_state

    return kernel_state().state


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
