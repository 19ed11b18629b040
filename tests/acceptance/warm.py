"""A process that has loaded the program and forks for each command: a real process a command, without its start-up.

Started by ``program.py``; it reads one JSON line a command with two descriptors' worth of file names and answers with
the exit code. What is tested stays outside: arguments, exit code, stdout, stderr.
"""

import importlib
import json
import os
import sys
import traceback
from typing import Any

LIBRARIES = ("apsw", "attrs", "cattrs", "click", "numpy", "platformdirs", "rich.progress", "scipy.stats", "trio")


def run(order: dict[str, Any], main: Any) -> None:
    """Become the command. Never returns."""
    read, write = os.pipe()
    os.close(write)  # stdin is a pipe at its end
    out = os.open(order["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    err = os.open(order["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for source, target in ((read, 0), (out, 1), (err, 2)):
        os.dup2(source, target)
        if source > 2:
            os.close(source)
    os.environ.clear()
    os.environ.update(order["environ"])
    sys.argv = ["universe", *order["words"]]
    code: int | str | None = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    except BaseException:  # noqa: BLE001  what the interpreter would print at its end
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0)


def serve() -> None:
    main = importlib.import_module("ops.main").main
    for name in LIBRARIES:
        importlib.import_module(name)
    orders, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    for line in orders:
        pid = os.fork()
        if pid == 0:
            run(json.loads(line), main)
        _, status = os.waitpid(pid, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()


if __name__ == "__main__":
    serve()
