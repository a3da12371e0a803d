"""A server that takes requests and never answers: for calls that must still be in flight."""

from __future__ import annotations

import select
import socket

# For a wait that ends with an event in a healthy run, however slow the machine.
PATIENCE = 30


class SilentServer:
    """Accepts connections in the kernel's queue; the test reads from them when it wants to."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._listener.settimeout(PATIENCE)
        self._connection: socket.socket | None = None
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def wait_for_request(self) -> None:
        """Blocks until a request has arrived, and keeps its connection."""
        self._forget()
        self._connection, _ = self._listener.accept()
        self._connection.settimeout(PATIENCE)
        while b"\r\n\r\n" not in self._connection.recv(65536):
            pass

    def wait_for_close(self) -> bool:
        """Blocks until the peer of the latest request has closed its connection."""
        assert self._connection is not None
        readable, _, _ = select.select([self._connection], [], [], PATIENCE)
        try:
            return bool(readable) and self._connection.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        """Closes everything."""
        self._listener.close()
        self._forget()

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
