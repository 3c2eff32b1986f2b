"""A place without a way out: run a command where whatever leaves the machine is counted.

``python -m tests.support.sealed COMMAND…`` gives the command a network of its own, with this
machine's loopback and one interface that leads nowhere and takes everything else: connections,
questions to a name server, and those of processes and libraries that no Python of ours watches.
Fails if a packet went there.  Linux, and root, who may make such a network.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence

WAY_OUT, NOWHERE = "wayout", "nowhere"  # the two ends of one cable; nobody is at the second
# Where nobody lives (RFC 5737); the route makes it the way to everybody.
SETUP = (
    ("ip", "link", "set", "lo", "up"),
    ("ip", "link", "add", WAY_OUT, "type", "veth", "peer", "name", NOWHERE),
    ("ip", "link", "set", NOWHERE, "up", "arp", "off", "addrgenmode", "none"),
    ("ip", "link", "set", WAY_OUT, "up", "arp", "off", "addrgenmode", "none"),
    ("ip", "address", "add", "192.0.2.1/24", "dev", WAY_OUT),
    ("ip", "address", "add", "2001:db8::1/64", "dev", WAY_OUT, "nodad"),
    ("ip", "route", "add", "default", "via", "192.0.2.2", "dev", WAY_OUT),
    ("ip", "-6", "route", "add", "default", "via", "2001:db8::2", "dev", WAY_OUT),
)
PROBES = ("203.0.113.1", "2001:db8:1::1")
INSIDE = "--inside"
ANY_PROTOCOL = 3  # ETH_P_ALL
HEADS = {0x0800: (socket.AF_INET, 16, 20), 0x86DD: (socket.AF_INET6, 24, 40)}


class Trap:
    """Sees every packet that goes to the interface that leads nowhere."""

    def __init__(self) -> None:
        self._socket = socket.socket(
            socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ANY_PROTOCOL)
        )
        self._socket.bind((WAY_OUT, ANY_PROTOCOL))
        self._socket.setblocking(False)

    def caught(self) -> Counter[str]:
        """Give to whom the packets went that were caught since the last call."""
        found: Counter[str] = Counter()
        while True:
            try:
                packet, (_, protocol, *_) = self._socket.recvfrom(64)
            except BlockingIOError:
                return found
            found[_addressee(packet, protocol)] += 1


def _addressee(packet: bytes, protocol: int) -> str:
    family, first, last = HEADS.get(protocol, (None, 0, 0))
    if family is None or len(packet) < last:
        return f"a packet of protocol {protocol:#06x}"
    return socket.inet_ntop(family, packet[first:last])


def _probed(trap: Trap) -> bool:
    """Say whether the trap catches what is sent to somebody outside."""
    for address in PROBES:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.sendto(b"", (address, 9))
    return set(trap.caught()) == set(PROBES)


def run(command: Sequence[str]) -> int:
    """Run *command* in this network, which is a new one; give 1 if anything went out."""
    for words in SETUP:
        subprocess.run(words, check=True)
    trap = Trap()
    if not _probed(trap):
        _say("what is sent outside is not caught; nothing was run")
        return 1
    status = subprocess.run(command, check=False).returncode
    caught = trap.caught()
    for address, packets in caught.most_common():
        _say(f"{packets} packets went to {address}")
    _say(f"{caught.total()} packets left the machine")
    return status or int(bool(caught))


def _say(what: str) -> None:
    sys.stderr.write(f"sealed: {what}\n")


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] == [INSIDE]:
        sys.exit(run(words[1:]))
    again = [sys.executable, "-m", "tests.support.sealed", INSIDE, *words]
    os.execvp("unshare", ["unshare", "--net", *again])  # noqa: S606
