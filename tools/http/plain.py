"""hypercorn's server of one connection, kept to HTTP/1.1, and ended when its client has left.

HTTP/2 and websockets are off. Nobody asked for them here, and hypercorn's HTTP/2 waits for ever for a client that opens
no window or has gone, which no bound of ours on what is sent would notice.
"""

import h11
from hypercorn.events import Event, Updated
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.trio.tcp_server import TCPServer


class PlainProtocol(H11Protocol):
    """HTTP/1.1 and nothing else: an upgrade that is asked for is an ordinary request."""

    async def _check_protocol(self, event: h11.Request) -> None:
        """Look for no other protocol."""

    async def _create_stream(self, request: h11.Request) -> None:
        kept = [(name, value) for name, value in request.headers if name != b"upgrade"]
        await super()._create_stream(
            h11.Request(method=request.method, target=request.target, headers=kept, http_version=request.http_version)
        )


class PlainServer(TCPServer):
    """One connection. What finishes after its client has left does not make it wait for another request."""

    _left = False

    async def _read_data(self) -> None:
        known = self.protocol  # made anew: the server knows no way to be given another
        known.protocol = PlainProtocol(
            known.app,
            known.config,
            known.context,
            known.task_group,
            known.state,
            known.ssl,
            known.client,
            known.server,
            known.send,
        )
        await super()._read_data()
        self._left = True
        await self.idle_task.stop()

    async def protocol_send(self, event: Event) -> None:
        """Do what the protocol asks for, as long as there is a client."""
        if not (self._left and isinstance(event, Updated)):
            await super().protocol_send(event)
