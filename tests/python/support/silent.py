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
        self._connections: list[socket.socket] = []
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def wait_for_request(self) -> None:
        """Blocks until a request has arrived, and keeps its connection alone."""
        self._forget()
        self.wait_for_requests(1)

    def wait_for_requests(self, count: int) -> None:
        """Blocks until so many more requests have arrived, and keeps their connections."""
        for _ in range(count):
            connection, _ = self._listener.accept()
            self._connections.append(connection)
            connection.settimeout(PATIENCE)
            while b"\r\n\r\n" not in connection.recv(65536):
                pass

    def wait_for_close(self) -> bool:
        """Blocks until the peer of the latest request has closed its connection."""
        connection = self._connections[-1]
        readable, _, _ = select.select([connection], [], [], PATIENCE)
        try:
            return bool(readable) and connection.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        """Closes everything."""
        self._listener.close()
        self._forget()

    def _forget(self) -> None:
        for connection in self._connections:
            connection.close()
        self._connections.clear()
