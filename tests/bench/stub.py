"""`python -m tests.bench.stub PORT`: stands in for both providers and answers everything after 80 ms. As little work as can be."""

from __future__ import annotations

import asyncio
import sys
from itertools import count

AFTER_S = 0.08
_numbers = count(1)


class Stub(asyncio.Protocol):
    """One kept-open connection: reads requests one after the other, answers each when its time has come."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._out = transport
        self._read = bytearray()

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._read[:end])
            length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
            if len(self._read) < end + 4 + length:
                return
            del self._read[: end + 4 + length]
            asyncio.get_running_loop().call_later(AFTER_S, self._answer, head.split(b" ", 2)[1])

    def _answer(self, path: bytes) -> None:
        number = next(_numbers)
        if path.startswith(b"/v3/"):
            self._out.write(b"HTTP/1.1 202 Accepted\r\nX-Message-Id: stub%d\r\nContent-Length: 0\r\n\r\n" % number)
            return
        body = b'{"sid": "SM%032x", "status": "queued", "error_code": null}' % number
        self._out.write(
            b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", port, backlog=1000)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
