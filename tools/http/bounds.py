"""How much one HTTP server holds at once and waits for. What a client may use is a setting, the rest is fixed."""

BODY_BYTES_MAX = 64 * 2**10  # the longest sensible request has a few thousand; all at once may take 256 MiB
BODY_SECONDS_MAX = 10.0  # for all of it to arrive
DISCARDED_BYTES_MAX = 16 * 2**20  # of a refused body, so that its sender gets to read why
DISCARD_SECONDS_MAX = 2.0
CONNECTIONS_MAX = 4_096
REQUESTS_MAX = 4_000  # at work at once, streams included; the other connections are for /health and refusals
SESSIONS_MAX = 2_048
SESSION_IDLE_SECONDS_MAX = 15 * 60.0
KEEP_ALIVE_SECONDS_MAX = 15.0  # a connection without a request, whole headers included
SEND_SECONDS_MAX = 10.0  # for a client to take what it is sent
DRAIN_SECONDS_MAX = 1.5  # at the end, for requests at work; whoever stops us waits two seconds before it kills
FILES_RESERVED = 256  # descriptors that are not for connections
