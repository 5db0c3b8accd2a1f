"""Writes safetensors/: a file with a tensor of each type NumPy has, what is in it as text, and a set of two files.

    python3 -m venv venv && venv/bin/pip install safetensors==0.8.0 numpy==2.4.6
    venv/bin/python Tests/Fixtures/safetensors_files.py

The package puts the two keys of the metadata in a random order: a new file may differ there. With the path of a file
the script prints what the package reads there, in the form of types.txt.
"""

import json
import os
import sys

# This script is called like the package: its own folder must not be searched.
here = os.path.dirname(os.path.abspath(__file__))
sys.path = [path for path in sys.path if os.path.abspath(path) != here]

import numpy as np
import safetensors
from safetensors.numpy import save_file

assert safetensors.__version__ == "0.8.0" and np.__version__ == "2.4.6"


def text(path):
    """Name, type, shape and bytes of each tensor."""
    with open(path, "rb") as file:
        tensors = safetensors.deserialize(file.read())
    return "".join(
        f"{name} {record['dtype']} [{'x'.join(map(str, record['shape']))}] {bytes(record['data']).hex()}\n"
        for name, record in sorted(tensors))


if len(sys.argv) > 1:
    print(text(sys.argv[1]), end="")
    sys.exit()

folder = os.path.join(here, "safetensors")
os.makedirs(folder, exist_ok=True)
values = np.arange(6).reshape(2, 3)
tensors = {
    "f32": (values - 2.5).astype(np.float32),
    "f64": np.array([np.pi, -0.0]),
    "f16": values.astype(np.float16).reshape(3, 1, 2),
    "i8": np.array([-128, 127], np.int8),
    "i16": np.array([[-2]], np.int16),
    "i32": np.array([1 << 30], np.int32),
    "i64": np.array([-5, 0, 5], np.int64),
    "u8": np.array([255, 1, 2], np.uint8),
    "u16": np.array([65535], np.uint16),
    "u32": np.array([1], np.uint32),
    "u64": np.array([1 << 63], np.uint64),
    "bool": np.array([True, False, True]),
    "scalar": np.array(7, np.float32),
    "nothing": np.zeros((2, 0), np.float32),
    "n\u00e4me \"\\": np.array([1], np.float32),
}
path = os.path.join(folder, "types.safetensors")
save_file(tensors, path, metadata={"format": "np", "note": "h\u00e9llo \"\n"})
with open(os.path.join(folder, "types.txt"), "w") as out:
    out.write(text(path))

shards = {
    "set-00001-of-00002.safetensors": {"a": [1, 2], "c": [4, 5, 6]},
    "set-00002-of-00002.safetensors": {"b": [3]},
}
for name, part in shards.items():
    arrays = {key: np.array(numbers, np.float32) for key, numbers in part.items()}
    save_file(arrays, os.path.join(folder, name), metadata={"format": "np"})
index = {
    "metadata": {"total_size": 24},
    "weight_map": {key: name for name, part in shards.items() for key in part},
}
with open(os.path.join(folder, "set.safetensors.index.json"), "w") as out:
    json.dump(index, out, indent=2)
    out.write("\n")
