"""OSDP's frames and its secure channel (IEC 60839-11-5), as a card reader sees them: pure bytes, both ways. Written apart from
libosdp, so that the two sides of the wire do not share their mistakes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB

POLL, ID, CAPABILITIES, CHALLENGE, SERVER_CRYPTOGRAM = 0x60, 0x61, 0x62, 0x76, 0x77
ACK, NAK, PD_ID, PD_CAPABILITIES, RAW, CLIENT_CRYPTOGRAM, FIRST_MAC = 0x40, 0x41, 0x45, 0x46, 0x50, 0x76, 0x78
SCS_11, SCS_12, SCS_13, SCS_14, SCS_15, SCS_16, SCS_17, SCS_18 = range(0x11, 0x19)
_SOM, _MARK = 0x53, 0xFF
_CRC, _SECURED = 0x04, 0x08
_SHORTEST, LONGEST = 7, 1440


class Broken(ValueError):
    """A frame whose check sum or lengths do not hold."""


@dataclass(frozen=True)
class Packet:
    """One frame. `secured` is the type of its security block (SCS_11 to SCS_18) or None, `block` the block's data; `mac` the first
    four bytes of its message authentication code, where it carries one."""

    address: int
    sequence: int
    code: int
    data: bytes = b""
    reply: bool = False
    secured: int | None = None
    block: bytes = b""
    mac: bytes = b""


def crc16(data: bytes) -> int:
    """CRC-16/AUG-CCITT: polynomial 0x1021 from 0x1D0F."""
    crc = 0x1D0F
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def before_mac(packet: Packet) -> bytes:
    """The frame up to its MAC: what the MAC covers."""
    block = b"" if packet.secured is None else bytes([2 + len(packet.block), packet.secured]) + packet.block
    has_mac = packet.secured is not None and packet.secured >= SCS_15
    length = 5 + len(block) + 1 + len(packet.data) + (4 if has_mac else 0) + 2
    control = packet.sequence & 3 | _CRC | (_SECURED if block else 0)
    head = bytes([_SOM, packet.address | (0x80 if packet.reply else 0), length & 0xFF, length >> 8, control])
    return head + block + bytes([packet.code]) + packet.data


def encode(packet: Packet) -> bytes:
    """The bytes of one frame, without a mark before it."""
    frame = before_mac(packet) + packet.mac
    return frame + crc16(frame).to_bytes(2, "little")


def parse(data: bytes) -> tuple[list[Packet], int]:
    """All whole frames in `data` and how many bytes are done with; broken ones, and bytes between frames, are passed over."""
    packets, at = [], 0
    while at < len(data):
        if data[at] != _SOM:
            at += 1
            continue
        if len(data) - at < 5:
            break
        length = int.from_bytes(data[at + 2 : at + 4], "little")
        if not _SHORTEST <= length <= LONGEST:
            at += 1
            continue
        if len(data) - at < length:
            break
        try:
            packets.append(decode(data[at : at + length]))
            at += length
        except Broken:
            at += 1
    return packets, at


def decode(frame: bytes) -> Packet:
    """The packet of exactly one frame; Broken when it is none."""
    if len(frame) < 8 or frame[0] != _SOM or int.from_bytes(frame[2:4], "little") != len(frame) or not frame[4] & _CRC:
        raise Broken("not a frame with a CRC")
    if crc16(frame[:-2]) != int.from_bytes(frame[-2:], "little"):
        raise Broken("check sum")
    body, secured, block, mac = frame[5:-2], None, b"", b""
    if frame[4] & _SECURED:
        size = body[0]
        if size < 2 or size >= len(body):
            raise Broken("security block")
        secured, block, body = body[1], body[2:size], body[size:]
        if secured >= SCS_15:
            body, mac = body[:-4], body[-4:]
    if not body:
        raise Broken("no code")
    return Packet(frame[1] & 0x7F, frame[4] & 3, body[0], body[1:], bool(frame[1] & 0x80), secured, block, mac)


# --- the secure channel ----------------------------------------------------------------------------------------------


def _aes(key: bytes, block: bytes) -> bytes:
    return Cipher(AES(key), ECB()).encryptor().update(block)  # noqa: S305 - single blocks, as the standard has it


def _pad(data: bytes) -> bytes:
    return data + b"\x80" + bytes(-(len(data) + 1) % 16)


@dataclass
class Channel:
    """One session's keys, from the reader's key (SCBK, 16 bytes) and the two random numbers (8 bytes each)."""

    key: bytes
    random_a: bytes
    random_b: bytes
    command_mac: bytes = b""
    reply_mac: bytes = b""
    _enc: bytes = field(init=False)
    _mac1: bytes = field(init=False)
    _mac2: bytes = field(init=False)

    def __post_init__(self) -> None:
        salt = self.random_a[:6] + bytes(8)
        self._enc = _aes(self.key, b"\x01\x82" + salt)
        self._mac1 = _aes(self.key, b"\x01\x01" + salt)
        self._mac2 = _aes(self.key, b"\x01\x02" + salt)

    @property
    def client_cryptogram(self) -> bytes:
        return self._cbc(self.random_a + self.random_b)

    @property
    def server_cryptogram(self) -> bytes:
        return self._cbc(self.random_b + self.random_a)

    def first_mac(self) -> bytes:
        """The reply MAC that the session begins with."""
        self.reply_mac = _aes(self._mac2, _aes(self._mac1, self.server_cryptogram))
        return self.reply_mac

    def mac_of(self, packet: Packet) -> bytes:
        """All 16 bytes of a packet's MAC, chained to the other side's last one; keep it with `remember`."""
        data = before_mac(packet)
        data = data if len(data) % 16 == 0 else _pad(data)
        chain = self.command_mac if packet.reply else self.reply_mac
        for at in range(0, len(data), 16):
            block = bytes(a ^ b for a, b in zip(data[at : at + 16], chain, strict=True))
            chain = _aes(self._mac2 if at + 16 == len(data) else self._mac1, block)
        return chain

    def remember(self, packet: Packet, mac: bytes) -> None:
        if packet.reply:
            self.reply_mac = mac
        else:
            self.command_mac = mac

    def encrypt(self, data: bytes, *, reply: bool) -> bytes:
        cipher = Cipher(AES(self._enc), CBC(self._vector(reply))).encryptor()
        return cipher.update(_pad(data)) + cipher.finalize()

    def decrypt(self, data: bytes, *, reply: bool) -> bytes:
        cipher = Cipher(AES(self._enc), CBC(self._vector(reply))).decryptor()
        return (cipher.update(data) + cipher.finalize()).rstrip(b"\x00")[:-1]

    def _vector(self, reply: bool) -> bytes:
        return bytes(b ^ 0xFF for b in (self.command_mac if reply else self.reply_mac))

    def _cbc(self, data: bytes) -> bytes:
        return _aes(self._enc, data)
