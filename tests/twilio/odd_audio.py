"""Audio files as they occur in the world, most of them not as they should be."""

from __future__ import annotations

import ctypes
import math
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

RATE = 8000


def tone(seconds: float = 2, channels: int = 1) -> bytes:
    """16-bit samples that can be heard."""
    return b"".join(struct.pack("<h", int(8000 * math.sin(i / 8))) * channels
                    for i in range(int(RATE * seconds)))


def chunk(name: bytes, body: bytes, size: int | None = None, order: str = "<") -> bytes:
    return name + struct.pack(order + "I", len(body) if size is None else size) + body


def format_of(code: int = 1, bits: int = 16, channels: int = 1, order: str = "<") -> bytes:
    block = channels * bits // 8
    return struct.pack(order + "HHIIHH", code, channels, RATE, RATE * block, block, bits)


def wav(data: bytes, *, size: int | None = None, riff: int | None = None, plus: int = 0,
        code: int = 1, bits: int = 16, channels: int = 1, before: bytes = b"",
        behind: bytes = b"", magic: bytes = b"RIFF") -> bytes:
    """A WAV file; `size` and `riff` are what its header says instead of the truth, `plus` how much
    the whole is said to be larger."""
    order = ">" if magic == b"RIFX" else "<"
    body = (b"WAVE" + chunk(b"fmt ", format_of(code, bits, channels, order), order=order) + before
            + chunk(b"data", data, size, order) + behind)
    return magic + struct.pack(order + "I", len(body) + plus if riff is None else riff) + body


def swapped(data: bytes) -> bytes:
    """16-bit samples with the other byte first."""
    return b"".join(data[i + 1:i + 2] + data[i:i + 1] for i in range(0, len(data), 2))


def rf64(data: bytes, *, said: int | None = None, channels: int = 1, magic: bytes = b"RF64") -> bytes:
    """The same with 64-bit sizes (EBU Tech 3306)."""
    size = len(data) if said is None else said
    sizes = struct.pack("<QQQI", size + 72 if size else 0, size, size // 2, 0)
    return (magic + b"\xff" * 4 + b"WAVE" + chunk(b"ds64", sizes)
            + chunk(b"fmt ", format_of(channels=channels)) + chunk(b"data", data, 0xFFFFFFFF))


def w64(data: bytes, *, said: int | None = None, channels: int = 1) -> bytes:
    """Sonic Foundry's, with names of 16 bytes."""
    guid = bytes.fromhex("f3acd3118cd100c04f8edb8a")

    def wide(name: bytes, body: bytes, size: int | None = None) -> bytes:
        padded = body + bytes(-len(body) % 8)
        return name + guid + struct.pack("<Q", len(body) + 24 if size is None else size) + padded

    body = wide(b"fmt ", format_of(channels=channels)) + wide(b"data", data, said)
    return (b"riff" + bytes.fromhex("2e91cf11a5d628db04c10000")
            + struct.pack("<Q", 40 + len(body)) + b"wave" + guid + body)


def frames(count: int = 120) -> bytes:
    """An MP3 of silence: MPEG 2.5 layer III, 8 kHz, 16 kbit/s, mono, 144 bytes a frame."""
    return (b"\xff\xe3\x28\xc4" + bytes(140)) * count


def id3(size: int, *, said: int | None = None) -> bytes:
    """An ID3v2.4 tag of `size` bytes in all."""
    left = (size if said is None else said) - 10
    return (b"ID3\x04\0\0" + bytes(left >> shift & 0x7F for shift in (21, 14, 7, 0))
            + bytes(size - 10))


def ape(size: int) -> bytes:
    """An APEv2 tag with a head, of 32 bytes and `size` more."""
    return b"APETAGEX" + struct.pack("<IIII", 2000, size, 0, 0xA0000000) + bytes(8) + bytes(size)


# libsndfile's numbers (sndfile.h), and what it calls them.
FLAC, OGG_OPUS, OGG_VORBIS, AIFF, AU = 0x170002, 0x200064, 0x200060, 0x020002, 0x030002


class Info(ctypes.Structure):
    """SF_INFO."""

    _fields_ = [("frames", ctypes.c_int64), ("rate", ctypes.c_int), ("channels", ctypes.c_int),
                ("format", ctypes.c_int), ("sections", ctypes.c_int), ("seekable", ctypes.c_int)]


def encoded(data: bytes, format: int, folder: Path, *, channels: int = 1, rate: int = RATE) -> bytes:
    """These samples, in any format that libsndfile writes."""
    library = ctypes.CDLL("libsndfile.so.1")
    library.sf_open.restype = ctypes.c_void_p
    library.sf_open.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(Info)]
    library.sf_writef_short.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int64]
    library.sf_writef_short.restype = ctypes.c_int64
    library.sf_close.argtypes = [ctypes.c_void_p]
    path = folder / f"sound-{format:x}"
    info = Info(0, rate, channels, format, 0, 0)
    file = library.sf_open(str(path).encode(), 0x20, ctypes.byref(info))
    assert file, f"libsndfile writes no {format:#x}"
    count = len(data) // 2 // channels
    assert library.sf_writef_short(file, data, count) == count
    assert library.sf_close(file) == 0
    return path.read_bytes()


Make = Callable[[bytes], bytes]  # of 16-bit samples with one channel

# The sizes in a header are wrong, or not known; all samples are there.
WAVS: Mapping[str, Make] = {
    "one too large": lambda d: wav(d, plus=1),
    "eight too large": lambda d: wav(d, plus=8),
    "sixteen too large": lambda d: wav(d, plus=16),
    "much too large": lambda d: wav(d, size=len(d) + 100_000, plus=100_000),
    "sox to a pipe": lambda d: wav(d, size=0x7FFFF000, riff=0x7FFFF024),
    "ffmpeg to a pipe": lambda d: wav(d, size=0xFFFFFFFF, riff=0xFFFFFFFF),
    "2 GiB": lambda d: wav(d, size=0x80000000, riff=0x80000024),
    "no size of the samples": lambda d: wav(d, size=0),
    "no size at all": lambda d: wav(d, size=0, riff=0),
    "a header that was never finished": lambda d: wav(d, size=0, riff=36),
    "no size, and a list before": lambda d: wav(
        d, size=0, before=chunk(b"LIST", b"INFOISFT" + bytes(32))),
    "the other byte first": lambda d: wav(swapped(d), magic=b"RIFX"),
    "the other byte first, no size": lambda d: wav(swapped(d), size=0, magic=b"RIFX"),
    "RF64": rf64,
    "RF64 without a size": lambda d: rf64(d, said=0),
    "BW64": lambda d: rf64(d, magic=b"BW64"),
}
MP3S: Mapping[str, Make] = {  # of an MP3's own bytes
    "zeros before": lambda m: bytes(417) + m,
    "many zeros before": lambda m: bytes(40_000) + m,
    "one stray byte": lambda m: b"\0" + m,
    "another stray byte": lambda m: b"x" + m,
    "an empty line": lambda m: b"\r\n\r\n" + m,
    "the end of another frame": lambda m: m[100:144] + m,
    "ID3": lambda m: id3(2048) + m,
    "ID3, and zeros behind it": lambda m: id3(2048) + bytes(2000) + m,
    "a picture in ID3": lambda m: id3(200_000) + m,
    "two tags": lambda m: id3(100) + id3(300) + m,
    "APE": lambda m: ape(500) + m,
    "ID3 that says too much": lambda m: id3(100, said=10_000_000) + m,
    "ID3v1 behind": lambda m: m + b"TAG" + bytes(125),
}
JUNK = chunk(b"JUNK", bytes(2000))
EMPTY: Mapping[str, bytes] = {
    "a header, and junk": wav(b"", behind=JUNK),
    "a header": wav(b""),
    "no samples at all": wav(b"", before=JUNK)[:-8],
    "a stream that broke off at once": wav(b"", size=0xFFFFFFFF, riff=0xFFFFFFFF),
    "a promise": wav(b"", size=16_000, riff=16_036),
    "a header and two chunks": wav(b"", behind=JUNK + chunk(b"LIST", b"INFOISFT" + bytes(33)) + b"\0"),
    "W64": w64(b""),
    "RF64": rf64(b""),
}
NO_MP3: Mapping[str, bytes] = {
    "ID3 and nothing": id3(2048) + bytes(4000),
    "a tag alone": id3(2048),
    "a frame's head, and zeros": b"\xff\xfb\x90\x44" + bytes(3000),
    "two frames' heads, and zeros": frames(2) + bytes(3000),
    "APE and nothing": ape(2000),
}
