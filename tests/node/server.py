"""Answers HTTP on the ports that are its arguments, whatever is asked, until its
standard input ends."""

import asyncio
import contextlib
import sys


async def answer(reader, writer):
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nserved\n")
        await writer.drain()
    writer.close()


async def serve(ports):
    for port in ports:
        await asyncio.start_server(answer, port=port)
    print("listening", flush=True)
    await asyncio.to_thread(sys.stdin.read)


asyncio.run(serve(sys.argv[1:]))
