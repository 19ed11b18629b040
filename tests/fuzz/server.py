"""``python -m tests.fuzz.server``: the tools over a small universe, on stdin and stdout."""

import trio

from tests.fuzz.small_universe import small_universe
from tools.server import make_server
from tools.stdio import serve_stdio


def main() -> None:
    """Serve until stdin ends."""
    with small_universe() as source:
        server = make_server(source, version="1")

        async def serve() -> None:
            await serve_stdio(server, on_message=lambda: None)

        trio.run(serve)


if __name__ == "__main__":
    main()
