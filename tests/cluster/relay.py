"""Makes the API server of a node's own network reachable from outside it: the
listening socket was opened there, on loopback, the connections are made in here."""

import asyncio
import pathlib
import socket
import sys

from cluster.services import Service


async def _copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def _serve(fd, address, port):
    async def connected(reader, writer):
        try:
            there_reader, there_writer = await asyncio.open_connection(address, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_copy(reader, there_writer),
                             _copy(there_reader, writer))

    server = await asyncio.start_server(connected, sock=socket.socket(fileno=fd))
    await server.serve_forever()


def service(fd, address, port):
    return Service("relay",
                   [sys.executable, "-m", "cluster.relay", fd, address, port],
                   env={"PYTHONPATH": str(pathlib.Path(__file__).parents[1])},
                   pass_fds=[fd])


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
