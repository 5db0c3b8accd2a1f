#!/usr/bin/env python3
"""Trains tiny models with the program, and compares what transformers makes of their folders with the program itself.

    pip install torch==2.15.0 transformers==5.23.0 safetensors==0.8.0 numpy==2.4.6
    python Tests/Fixtures/training_export.py .build/release/apus [ARCHITECTURE ...]

For each architecture: six steps on a text of its own, then the folder of the exported model and that of the last
checkpoint are opened with AutoModelForCausalLM and AutoTokenizer. Tokens must be equal, logits within 1e-4 of their largest
(2e-2 of an export in bf16, whose weights both sides round, but whose products they round differently).
"""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import torch
import transformers

PROMPT = "Line 7 says that nobody had expected it."
ARCHITECTURES = ["gpt2", "llama", "qwen2", "qwen3", "gemma2", "gemma3", "phi3"]


def apus(program, *words):
    result = subprocess.run([program, *words], capture_output=True, text=True)
    assert result.returncode == 0, (words, result.stdout, result.stderr)
    return result.stdout


def check(program, folder, path, precision, limit):
    model = transformers.AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(path)
    ids = tokenizer(PROMPT)["input_ids"]
    own = json.loads(apus(program, "tokenize", path, PROMPT, "--ids"))
    assert ids == own, (ids, own)
    output = os.path.join(folder, "logits.npy")
    apus(program, "logits", path, "-p", PROMPT, "-o", output, "--cache-type", "f32")
    with torch.no_grad():
        theirs = model(torch.tensor([ids])).logits[0].numpy()
    ours = np.load(output)
    os.remove(output)
    error = np.abs(ours - theirs[-len(ours):]).max() / np.abs(theirs).max()
    print(f"  {os.path.basename(path):12} {precision}: {len(ids)} tokens equal, logits within {error:.1e}")
    assert error <= limit, (path, error)


def run(program, architecture, export):
    with tempfile.TemporaryDirectory() as folder:
        def file(name):
            return os.path.join(folder, name)

        with open(file("text.txt"), "w") as text:
            for i in range(400):
                text.write(f"Line {i} says {i * 37 % 101}, which nobody had expected of line {i % 7}.\n")
        apus(program, "data", "tokenizer", file("text.txt"), "-o", file("tokenizer"), "--vocabulary", "384")
        configuration = {
            "model": {"architecture": architecture, "layers": 2, "hidden": 64, "heads": 4, "headSize": 16},
            "data": {"train": [file("text.txt")], "tokenizer": file("tokenizer")},
            "batch": {"sequences": 4, "length": 32}, "optimizer": {"learningRate": 0.003},
            "evaluation": {"every": 0}, "checkpoint": {"directory": file("run"), "export": export}, "steps": 6,
        }
        with open(file("run.json"), "w") as text:
            json.dump(configuration, text)
        apus(program, "train", file("run.json"))
        check(program, folder, file("run/model"), export, 1e-4 if export == "f32" else 2e-2)
        check(program, folder, file("run/step-000006"), "f32", 1e-4)


if __name__ == "__main__":
    for architecture in sys.argv[2:] or ARCHITECTURES:
        for export in ["f32", "bf16"]:
            print(f"{architecture}, export {export}")
            run(sys.argv[1], architecture, export)
