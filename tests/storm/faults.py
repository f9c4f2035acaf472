"""What goes wrong in a storm, and when: drawn by the seed before it begins."""

import collections
import random
import threading
import time

Step = collections.namedtuple("Step", "at do replica")

# A fault and what ends it, both methods of an Arena. One without an end is over at once.
FAULTS = {
    "kill": ("kill", "start"),        # SIGKILL; a new process, at once or later
    "stop": ("freeze", "thaw"),       # SIGSTOP, SIGCONT
    "cut": ("cut", None),             # its connections to the API server, watches too
    "part": ("part", "join"),         # its way to the API server, for a while
    "lag": ("lag", "catch_up"),       # what the API server sends on what is open now
    "answers": ("cut_answers", None),  # what the API server asks all replicas
    "late": ("hold_answers", "release_answers"),  # the answers come late, but in time
    "api": ("kill_api_server", None),  # SIGKILL; its supervisor starts it again
}
OF_ALL = {"answers", "late", "api"}
IN_TIME = 2.5    # seconds, of those that the API server waits for an answer
EVERY = 1.2      # seconds from fault to fault, about
API_EVERY = 25   # a restart of the API server takes some seconds


def plan(seed, seconds, kinds, replicas, ttl):
    """The steps, in order. A replica has one trouble at a time; each is over by the
    end. Some last longer than the TTL where there is time for it."""
    dice = random.Random(f"{seed}/faults")
    steps, free_at = [], [0.0] * replicas
    if "api" in kinds:
        steps += _restarts(dice, seconds)
    others = [kind for kind in FAULTS if kind in kinds and kind != "api"]
    now = dice.uniform(0.5, 1.5)
    bag = []
    while others and now < seconds - 1:
        bag = bag or dice.sample(others, len(others))  # each comes about as often
        kind = bag.pop()
        replica = None if kind in OF_ALL else dice.randrange(replicas)
        lasts = _duration(dice, ttl)
        if replica is None or free_at[replica] <= now:
            begin, end = FAULTS[kind]
            steps.append(Step(now, begin, replica))
            if end:
                over = min(now + (min(lasts, IN_TIME) if replica is None else lasts), seconds)
                steps.append(Step(over, end, replica))
                if replica is not None:
                    free_at[replica] = over + 1
        now += dice.expovariate(1 / EVERY)
    return sorted(steps, key=lambda step: step.at)


def _restarts(dice, seconds):
    count = max(1, round(seconds / API_EVERY))
    part = seconds / count
    return [Step(part * (n + dice.uniform(0.3, 0.5)), "kill_api_server", None)
            for n in range(count)]


def _duration(dice, ttl):
    kind = dice.choices(["none", "short", "long", "ttl"], [4, 10, 4, 1])[0]
    return {"none": 0, "short": dice.uniform(0.2, 2), "long": dice.uniform(2, 6),
            "ttl": dice.uniform(ttl + 1, ttl + 5)}[kind]


class Faults(threading.Thread):
    """Takes the steps of a plan in time."""

    def __init__(self, arena, steps):
        super().__init__(daemon=True)
        self.arena, self.steps = arena, steps
        self.done = collections.Counter()
        self.failure = None

    def run(self):
        begin = time.monotonic()
        for step in self.steps:
            time.sleep(max(0, begin + step.at - time.monotonic()))
            try:
                deed = getattr(self.arena, step.do)
                deed(*([] if step.replica is None else [step.replica]))
            except Exception as error:  # for the thread that waits for us to say
                self.failure = f"{step.do}: {error!r}"
                return
            self.done[step.do] += 1
