"""The address of the HTTP server: free, or held by one of ours."""

import errno
import http.client
import json
import socket
from contextlib import closing
from typing import Any

from ops.checks.finding import Finding, Patient, fail, ok, warn
from ops.run import HTTP_HOST as HOST

ANSWER_SECONDS_MAX = 1.0
ANSWER_BYTES_MAX = 65_536


def check_port(patient: Patient) -> Finding:
    """Whether the port is free, or a universe answers there."""
    address = f"{HOST}:{patient.port}"
    found = warn if not patient.port_asked else fail
    try:
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, patient.port))
        return ok("port", f"{address} is free")
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            return found("port", f"{address}: {error.strerror}", "give `universe run` another --port, above 1023")
    health = asked_health(patient.port)
    if health is not None:
        return ok("port", f"{address} is held by a universe ({health})")
    who = f"ss -ltnp 'sport = :{patient.port}' names who has it"
    return found(
        "port", f"{address} is taken by another program", f"{who}; stop it, or give `universe run` another --port"
    )


def asked_health(port: int) -> str | None:
    """Return what /health answers, if it is one of ours."""
    connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_SECONDS_MAX)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        document: Any = json.loads(answer.read(ANSWER_BYTES_MAX))
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    if not isinstance(document, dict) or "version" not in document:
        return None
    return ", ".join(f"{key} {value}" for key, value in document.items() if isinstance(value, str | int))
