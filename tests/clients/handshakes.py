"""Records the TCP handshakes of this network: source, destination and time."""

import ctypes
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

ETH_P_ALL = socket.htons(3)
SO_ATTACH_FILTER, SO_RCVBUFFORCE, SO_TIMESTAMPNS = 26, 33, 35
BUFFER_SIZE = 16 << 20
ETHERNET_LEN, IP_LEN = 14, 20
BPF_INSTRUCTION = "HBBI"
ONLY_SYNS = (             # of IPv4 without options; jumps count from the next instruction
    (0x28, 0, 0, 12),     # load the half word at 12: the EtherType
    (0x15, 0, 6, 0x800),  # IPv4, or drop
    (0x30, 0, 0, 23),     # load the byte at 23: the protocol
    (0x15, 0, 4, 6),      # TCP, or drop
    (0x30, 0, 0, 47),     # load the byte at 47: TCP's flags
    (0x54, 0, 0, 0x12),   # SYN and ACK
    (0x15, 0, 1, 0x02),   # SYN alone, or drop
    (0x06, 0, 0, 64),     # take 64 bytes
    (0x06, 0, 0, 0),      # drop
)


@dataclass(frozen=True)
class Handshake:
    when: float  # as time.time() says it
    address: str
    to_address: str
    to_port: int


class Handshakes:
    """Records from its creation on. Needs root."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, ETH_P_ALL)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_SIZE)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._attach(ONLY_SYNS)
        self._socket.setblocking(False)

    def __enter__(self) -> "Handshakes":
        return self

    def __exit__(self, *_) -> None:
        self._socket.close()

    def heard(self) -> Iterator[Handshake]:
        """The handshakes since the last call. Each is seen twice on the device: sent and received."""
        while True:
            try:
                packet, ancillary, _, _ = self._socket.recvmsg(64, 64)
            except BlockingIOError:
                return
            seconds, nanoseconds = struct.unpack("ll", ancillary[0][2])
            yield parse_syn(seconds + nanoseconds / 1e9, packet)

    def _attach(self, program: tuple[tuple[int, ...], ...]) -> None:
        instructions = b"".join(struct.pack(BPF_INSTRUCTION, *line) for line in program)
        code = ctypes.create_string_buffer(instructions)
        described = struct.pack("HL", len(program), ctypes.addressof(code))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, described)


def parse_syn(when: float, packet: bytes) -> Handshake:
    ip, tcp = packet[ETHERNET_LEN:], packet[ETHERNET_LEN + IP_LEN :]
    return Handshake(when, socket.inet_ntoa(ip[12:16]), socket.inet_ntoa(ip[16:20]),
                     int.from_bytes(tcp[2:4], "big"))
