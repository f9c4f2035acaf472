"""A way for TCP connections that can be led elsewhere, cut and closed, as a Service's
can: new connections go where it points now, those that are open stay where they are."""

import asyncio
import threading


class Balancer:
    """Listens until stop(), in a thread of its own. Addresses are HOST:PORT. Each new
    connection goes to the next of the targets that takes it."""

    def __init__(self, listen, *targets):
        self.targets = list(targets)
        self.is_closed = False
        self._turn = 0
        self._open = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        host, port = listen.rsplit(":", 1)
        self._server = self._call(asyncio.start_server(self._connected, host, int(port)))

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _connected(self, reader, writer):
        there = None if self.is_closed else await self._next()
        if there is None:
            writer.transport.abort()
            return
        way = _Way(reader, writer, *there)
        self._open.add(way)
        await way.pass_on()
        self._open.discard(way)

    async def _next(self):
        targets = list(self.targets)
        self._turn += 1
        for number in range(len(targets)):
            target = targets[(self._turn + number) % len(targets)]
            host, port = target.rsplit(":", 1)
            try:
                return await asyncio.open_connection(host, int(port))
            except OSError:
                continue
        return None

    def cut(self):
        """Ends all that is open, without a word."""
        self._call(self._cut())

    async def _cut(self):
        for way in self._open:
            way.cut()

    def close(self):
        """Cuts, and lets nobody through until open()."""
        self.is_closed = True
        self.cut()

    def open(self):
        self.is_closed = False

    def hold(self):
        """Keeps what comes back on what is open now, until release(). Requests still
        go there, and new connections are as always."""
        self._call(self._hold(True))

    def release(self):
        self._call(self._hold(False))

    async def _hold(self, held):
        for way in self._open:
            (way.may_return.clear if held else way.may_return.set)()

    def stop(self):
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _end(self):
        self._server.close()
        await self._cut()
        ways = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*ways, return_exceptions=True)


class _Way:
    """One connection from here to there and back."""

    def __init__(self, reader, writer, there_reader, there_writer):
        self._go, self._return = (reader, there_writer), (there_reader, writer)
        self.may_return = asyncio.Event()
        self.may_return.set()

    async def pass_on(self):
        await asyncio.gather(_copy(*self._go), _copy(*self._return, self.may_return))

    def cut(self):
        self.may_return.set()
        for writer in (self._go[1], self._return[1]):
            writer.transport.abort()


async def _copy(reader, writer, may=None):
    try:
        while data := await reader.read(65536):
            if may:
                await may.wait()
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()
