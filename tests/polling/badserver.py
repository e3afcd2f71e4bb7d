"""A loopback HTTP server that misbehaves by path: bombs, drips, endless bodies, loops, silence."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import ssl
import zlib
from collections.abc import AsyncIterator

GOOD = b'{"BTC": 0.0001}'


def bomb(megabytes: int) -> bytes:
    """That many MiB of zeros as gzip: about one KB each."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    zeros = bytes(1 << 20)
    return b"".join(packer.compress(zeros) for _ in range(megabytes)) + packer.flush()


def head(status: str = "200 OK", *lines: str, length: int | None = None) -> bytes:
    stated = () if length is None else (f"Content-Length: {length}",)
    return "\r\n".join((f"HTTP/1.1 {status}", *lines, *stated, "", "")).encode()


class BadServer:
    """Counts connections and requests; `last_head` is the last request's head."""

    def __init__(self) -> None:
        self.connections = 0
        self.requests = 0
        self.last_head = b""
        self.last_body = b""
        self.url = ""
        self._bomb = bomb(200)

    @contextlib.asynccontextmanager
    async def running(self, context: ssl.SSLContext | None = None) -> AsyncIterator[BadServer]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{port}"
        tasks_before = asyncio.all_tasks()
        try:
            yield self
        finally:
            server.close()
            for task in asyncio.all_tasks() - tasks_before:
                if "_serve" in repr(task.get_coro()):
                    task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        self.last_head = await reader.readuntil(b"\r\n\r\n")
        self.requests += 1
        for line in self.last_head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                self.last_body = await reader.readexactly(int(line.split(b":")[1]))
        path = self.last_head.split(b" ")[1].decode().partition("?")[0].rpartition("/")[2]
        return await self._answer(path, writer)

    async def _answer(self, path: str, writer: asyncio.StreamWriter) -> bool:
        send = writer.write
        match path:
            case "good":
                packed = gzip.compress(GOOD)
                send(head("200 OK", "Content-Encoding: gzip", "X-Used: 7", length=len(packed)) + packed)
            case "bomb":
                send(head("200 OK", "Content-Encoding: gzip", length=len(self._bomb)) + self._bomb)
            case "badgzip":
                send(head("200 OK", "Content-Encoding: gzip", length=4) + b"nope")
            case "large":
                send(head("200 OK", length=1 << 40))
                await asyncio.sleep(60)
            case "endless":
                send(head("200 OK", "Transfer-Encoding: chunked"))
                while True:
                    send(b"10000\r\n" + bytes(0x10000) + b"\r\n")
                    await writer.drain()
            case "drip":
                send(head("200 OK", length=1000))
                for _ in range(1000):
                    send(b" ")
                    await asyncio.sleep(0.02)
            case "driphead":
                for byte in head("200 OK", "X: " + "y" * 1000):
                    send(bytes([byte]))
                    await asyncio.sleep(0.02)
            case "loop":
                send(head("302 Found", "Location: /loop", length=0))
            case "hang":
                await asyncio.sleep(60)
            case "close":
                return False
            case "cut":
                send(head("200 OK", length=100) + b"{")
                await writer.drain()
                return False
            case "garbage":
                send(b"\x00\x01\x02 this is not http\r\n\r\n")
                await writer.drain()
                return False
            case "jar":
                send(head("200 OK", "Set-Cookie: a=b; Path=/", length=len(GOOD)) + GOOD)
            case _:
                send(head("404 Not Found", length=0))
        await writer.drain()
        return True
