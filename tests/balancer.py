"""A way for TCP connections that can be led elsewhere and cut, as a Service's can: new
connections go where it points now, those that are open stay where they are."""

import asyncio
import threading


class Balancer:
    """Listens until stop(), in a thread of its own. Addresses are HOST:PORT; of several
    targets, new connections go to each in turn."""

    def __init__(self, listen, *targets):
        self.targets = targets
        self._taken = 0
        self._open = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        host, port = listen.rsplit(":", 1)
        self._server = self._call(asyncio.start_server(self._connected, host, int(port)))

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _connected(self, reader, writer):
        target = self.targets[self._taken % len(self.targets)]
        self._taken += 1
        host, port = target.rsplit(":", 1)
        try:
            there_reader, there_writer = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.close()
            return
        pair = {writer, there_writer}
        self._open |= pair
        await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))
        self._open -= pair

    def cut(self):
        """Ends all that is open, without a word."""
        self._call(self._cut())

    async def _cut(self):
        for writer in self._open:
            writer.transport.abort()

    def stop(self):
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _end(self):
        self._server.close()
        await self._cut()
        ways = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*ways, return_exceptions=True)


async def _copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()
