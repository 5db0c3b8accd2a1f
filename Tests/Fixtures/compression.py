"""Writes compression/: a small text as .gz and .zst, of one stream and of several, and a mebibyte of zeros as each.

    python3 -m venv venv && venv/bin/pip install zstandard==0.23.0
    venv/bin/python Tests/Fixtures/compression.py

Streams may stand one behind the other, so tests make a bomb of any size out of the zeros.
"""

import gzip
import os

import zstandard

assert zstandard.__version__ == "0.23.0"

# Lines that differ, so that the text does not compress to nothing.
text = "".join(f"Line {n} of a small text: {n * n * 2654435761 % 1000003}.\n" for n in range(2000)).encode()
zeros = bytes(1 << 20)

# A frame that says how long its content is, one that does not, and checksums in both.
def zstd(data, size=True):
    return zstandard.ZstdCompressor(level=3, write_checksum=True, write_content_size=size).compress(data)


def gz(data):
    return gzip.compress(data, mtime=0)


half = len(text) // 2
files = {
    "text.txt": text,
    "text.txt.gz": gz(text),
    "text.txt.zst": zstd(text),
    "parts.txt.gz": gz(text[:half]) + gz(b"") + gz(text[half:]),
    # A skippable frame, as parallel compressors write, then two.
    "parts.txt.zst": b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + zstd(text[:half], False) + zstd(text[half:]),
    "zeros.gz": gz(zeros),
    "zeros.zst": zstd(zeros),
}
folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "compression")
os.makedirs(folder, exist_ok=True)
for name, data in files.items():
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)
