"""Writes formats-shared.txt: what the `gguf` package reads in the shared models and vocabularies, as one line
per key and tensor with the CRC-32 of its bytes in the file.

    python3 -m venv venv && venv/bin/pip install gguf==0.19.0 numpy==2.4.6
    venv/bin/python Tests/Fixtures/formats_shared.py ../shared
"""

import os
import sys
import zlib
import gguf

shared = sys.argv[1]
here = os.path.dirname(os.path.abspath(__file__))
files = ["models/babyllama-105.gguf"] + sorted(
    "vocab/" + name for name in os.listdir(os.path.join(shared, "vocab")) if name.endswith(".gguf"))
with open(os.path.join(here, "formats-shared.txt"), "w") as out:
    for name in files:
        reader = gguf.GGUFReader(os.path.join(shared, name))
        print(f"file {name} alignment {reader.alignment}", file=out)
        for field in reader.fields.values():
            if field.name.startswith("GGUF."):
                continue  # the counts of the header
            # The parts are the key's length, the key, the type, and then the value piece by piece.
            crc = 0
            for part in field.parts[3:]:
                crc = zlib.crc32(part.tobytes(), crc)
            print(f"key {field.name} {field.types[0].name.lower()} {crc:08x}", file=out)
        for tensor in reader.tensors:
            shape = "x".join(str(size) for size in tensor.shape)
            crc = zlib.crc32(tensor.data.tobytes())
            print(f"tensor {tensor.name} {tensor.tensor_type.name} {shape} {tensor.data_offset} {crc:08x}", file=out)
