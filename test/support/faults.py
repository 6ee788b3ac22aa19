# SPDX-License-Identifier: MIT
"""What comes between a client and its server, by name. Bytes after which something happens are picked by a dice."""

from support.fault_proxy import Cut, DropResponse, Refuse, Stall

# A page of another origin reads the status.
_ANYONE = ("Access-Control-Allow-Origin: *",)
# Bodies that are to be hit have more.
BYTES_MAX = 200_000

FAULTS = {
    "503": lambda dice, on: Refuse(503, headers=_ANYONE, on=on),
    "connection cut": lambda dice, on: Cut(request_bytes=dice.randrange(1, BYTES_MAX), on=on),
    "connection reset": lambda dice, on: Cut(request_bytes=dice.randrange(1, BYTES_MAX), reset=True, on=on),
    "stall": lambda dice, on: Stall(request_bytes=dice.randrange(1, BYTES_MAX), on=on),
    "server killed": lambda dice, on: Stall(request_bytes=dice.randrange(1, BYTES_MAX), on=on),
    "answer cut": lambda dice, on: Cut(response_bytes=dice.randrange(1, 100), on=on),
    "answer lost": lambda dice, on: DropResponse(on=on),
}
# A server gives up requests that stall so soon that a test can wait for it.
ENVIRONMENT = {"SLUICE_TIMEOUTS_BODY": "1s"}


def stall(position):
    """Uploads come no further than to this position, whatever their clients try, but for a byte with each attempt."""
    return (Stall(position, on=lambda request: request.begin == 0, times=None),
            Stall(1, on=lambda request: request.begin > 0, times=None))


def nth(number, condition):
    """Hits the request of that number among those for which `condition` holds, and those behind it."""
    seen = set()

    def matches(request):
        if condition(request):
            seen.add(request.number)
        return condition(request) and len(seen) >= number

    return matches


def strike(world, name, dice, on):
    """Has the fault hit the next request that `on` takes. The caller starts its client and then calls what is returned:
    where that is the fault, it kills the server and starts it again."""
    fault = FAULTS[name](dice, on)
    world.proxy.script(fault)
    return lambda: name == "server killed" and _kill(world, fault)


def strike_with_all(world, dice, brings_bytes, ends_the_file):
    """The same with one fault after another, each on another request, and at last the loss of an answer to one that ends
    the file. What is returned tells which faults have hit nothing."""
    faults = {}
    lost = dice.choice(["answer lost", "answer cut"])
    for name in [*(name for name in FAULTS if not name.startswith("answer")), lost]:
        wanted = ends_the_file if name == lost else brings_bytes
        faults[name] = FAULTS[name](dice, _behind(list(faults.values()), wanted))
    # In this order no request meets two.
    world.proxy.script(*reversed(faults.values()))

    def act():
        _kill(world, faults["server killed"])
        return lambda: [name for name, fault in faults.items() if not fault.used_up]

    return act


def _behind(earlier, wanted):
    return lambda request: all(fault.used_up for fault in earlier) and wanted(request)


def _kill(world, stall):
    assert stall.reached.wait(60), "the client has not sent so much"
    world.restart()
