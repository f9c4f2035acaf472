"""Creates Stores as fast as they are answered, and says how long each took: reads what
to do as JSON from its standard input, writes what it saw."""

import collections
import itertools
import json
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from storm.api import STORES, Api, Gone, store  # noqa: E402


class Worker:
    """Creates for its owners in turn, each by a connection of its own."""

    def __init__(self, told, owners, numbers):
        self.numbers = numbers
        self.owners = itertools.cycle([
            (owner, Api(told["address"], told["authority"], certificate))
            for owner, certificate in owners])
        self.took, self.statuses, self.why = [], collections.Counter(), None

    def run(self):
        for number in self.numbers:
            owner, api = next(self.owners)
            begin = time.monotonic()
            try:
                status, answer = api.ask("POST", STORES, store(f"bench-{number}", owner))
            except Gone as error:
                status, answer = 0, {"message": str(error)}
            self.took.append(time.monotonic() - begin)
            self.statuses[status] += 1
            if status != 201:
                self.why = answer.get("message")


def main():
    told = json.load(sys.stdin)
    owners, workers = told["owners"], told["workers"]
    # several workers share an owner only where there are too few
    shares = [owners[n % len(owners)::workers] for n in range(workers)]
    numbers = iter(range(told["creates"]))
    crew = [Worker(told, share, numbers) for share in shares]
    begin = time.monotonic()
    threads = [threading.Thread(target=worker.run) for worker in crew]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    json.dump({"seconds": time.monotonic() - begin,
               "took": [took for worker in crew for took in worker.took],
               "statuses": sum((worker.statuses for worker in crew),
                               collections.Counter()),
               "why": next((worker.why for worker in crew if worker.why), None)},
              sys.stdout)


if __name__ == "__main__":
    main()
