# SPDX-License-Identifier: MIT
"""What comes between a client and its server, by name."""

from support.fault_proxy import Cut, DropResponse, Refuse, Stall

# A page of another origin reads the status.
_ANYONE = ("Access-Control-Allow-Origin: *",)

FAULTS = {
    "503": lambda on: Refuse(503, headers=_ANYONE, on=on),
    "connection cut": lambda on: Cut(request_bytes=123_457, on=on),
    "connection reset": lambda on: Cut(request_bytes=98_765, reset=True, on=on),
    "stall": lambda on: Stall(request_bytes=77_777, on=on),
    "answer lost": lambda on: DropResponse(on=on),
    "answer cut": lambda on: Cut(response_bytes=20, on=on),
    "server killed": lambda on: Stall(request_bytes=111_111, on=on),
}
# A server gives up requests that stall so soon that a test can wait for it.
ENVIRONMENT = {"SLUICE_TIMEOUTS_BODY": "1s"}


def nth(number, condition):
    """Hits the request of that number among those for which `condition` holds, and its repetitions."""
    seen = set()

    def matches(request):
        if condition(request):
            seen.add(request.number)
        return condition(request) and len(seen) >= number

    return matches


def strike(world, name, on):
    """Has the fault hit the first request that `on` takes. The caller starts its client and then calls what is
    returned, which kills the server where that is the fault and starts it again."""
    fault = FAULTS[name](on)
    world.proxy.script(fault)

    def act():
        if name == "server killed":
            assert fault.reached.wait(60), "the client has not sent so much"
            world.restart()

    return act
