#!/usr/bin/env python3
"""Makes the loss curves that Apus's training is tested against: PyTorch from the same weights on the same batches.

    pip install torch==2.15.0 transformers==5.23.0 numpy==2.4.6
    python Tests/Fixtures/training_curve.py [NAME ...]

Two networks of models.py, gpt2 (positions learned, head tied, biases) and llama, start from its weights with every
matrix divided by 16, which is exact. Each step is float32 without dropout:

    batch     4 rows of 33 ids; the first 32 are read, each with the next as its target; one row is one document
    loss      the mean of −log p[target] over the 128 targets
    clip      all gradients times min(1, 1 / (n + 1e-6)), n the L2 norm of all of them, which is stored
    AdamW     torch.optim.AdamW with the numbers in the file; `decays` says whether weight decay is for all tensors or
              for matrices only
    rate      up linearly in 20 steps, (step + 1) / 20 of the peak, then down to a tenth of it along a cosine:
              floor + (peak − floor) · (1 + cos(π · (step − 20) / (steps − 20))) / 2

The ids are random with a pattern, so that there is something to learn quickly (64 of the 320 ids occur) and slowly
(only four follow an id, one of them five times of eight). Row r of step s has, with w the words of the Philox family of
key FNV-1a("training curve") from block 9 · (4 · s + r) on, x₀ = w₀ mod 64 and
xᵢ = (5 · xᵢ₋₁ + 7 + [0, 0, 0, 0, 0, 11, 23, 40][wᵢ mod 8]) mod 64.

Written to training_curve/NAME.json: `losses` and `norms` by step, and how far the same in float64, and in float32
with one thread, is from them (relative): what an order of summation can account for.
"""

import argparse
import json
import math
import os

import numpy as np
import torch
import transformers

import models
from gradients import exactly
from models import HERE, fnv1a, philox

OUT = os.path.join(HERE, "training_curve")
STEPS, WARM_UP, ROWS, LENGTH = 200, 20, 4, 32
ALPHABET, JUMPS = 64, [0, 0, 0, 0, 0, 11, 23, 40]
SHRINK = 16
CASES = {
    "gpt2": dict(peak=4e-3, weightDecay=0.1, decays="matrices"),
    "llama": dict(peak=4e-3, weightDecay=0.01, decays="all"),
}
ADAMW = dict(betas=[0.9, 0.999], epsilon=1e-8)


def ids(step):
    """[ROWS, LENGTH + 1]"""
    blocks = (LENGTH + 4) // 4
    first = blocks * ROWS * step
    w = philox(np.arange(first, first + blocks * ROWS, dtype=np.uint64), fnv1a("training curve"))
    w = w.reshape(ROWS, 4 * blocks).astype(np.int64)
    x = np.zeros((ROWS, LENGTH + 1), np.int64)
    x[:, 0] = w[:, 0] % ALPHABET
    for i in range(1, LENGTH + 1):
        x[:, i] = (5 * x[:, i - 1] + 7 + np.take(JUMPS, w[:, i] % 8)) % ALPHABET
    return x


def rate(step, peak):
    if step < WARM_UP:
        return peak * (step + 1) / WARM_UP
    floor = 0.1 * peak
    return floor + (peak - floor) * (1 + math.cos(math.pi * (step - WARM_UP) / (STEPS - WARM_UP))) / 2


def network(name, dtype):
    with exactly(dtype):
        model = models.build(name)[1].to(dtype)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter /= SHRINK
    return model


def train(name, dtype=torch.float32):
    case, model = CASES[name], network(name, dtype)
    decays = [p for p in model.parameters() if p.dim() == 2 or case["decays"] == "all"]
    others = [p for p in model.parameters() if p.dim() != 2 and case["decays"] != "all"]
    optimizer = torch.optim.AdamW(
        [dict(params=decays, weight_decay=case["weightDecay"]), dict(params=others, weight_decay=0.0)],
        lr=case["peak"], betas=tuple(ADAMW["betas"]), eps=ADAMW["epsilon"], amsgrad=False, foreach=False, fused=False)
    losses, norms = [], []
    for step in range(STEPS):
        x = torch.from_numpy(ids(step))
        with exactly(dtype):
            logits = model(x[:, :-1], use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), x[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
        for group in optimizer.param_groups:
            group["lr"] = rate(step, case["peak"])
        optimizer.step()
        losses.append(loss.item())
    return losses, norms


def furthest(a, b):
    """The largest relative difference."""
    return max(abs(x - y) / abs(y) for x, y in zip(a, b))


def make(name):
    torch.set_num_threads(2)
    losses, norms = train(name)
    assert losses[-1] < 0.5 * losses[0] and max(norms) > 1 > min(norms), (name, losses[::20], max(norms), min(norms))
    exact, exact_norms = train(name, torch.float64)
    torch.set_num_threads(1)
    single, single_norms = train(name)
    with open(os.path.join(OUT, name + ".json"), "w") as file:
        json.dump({
            "network": name, "steps": STEPS, "rows": ROWS, "length": LENGTH, "shrink": SHRINK, "clip": 1.0,
            "warmUp": WARM_UP, **CASES[name], **ADAMW, "rates": [rate(s, CASES[name]["peak"]) for s in range(STEPS)],
            "losses": losses, "norms": norms, "firstIds": ids(0)[0].tolist(), "lastIds": ids(STEPS - 1)[-1].tolist(),
            "float64Error": furthest(losses, exact), "float64NormError": furthest(norms, exact_norms),
            "oneThreadError": furthest(losses, single), "oneThreadNormError": furthest(norms, single_norms),
            "versions": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__}},
            file, separators=(",", ":"))
        file.write("\n")
    print(f"{name:6} loss {losses[0]:.4f} to {losses[-1]:.4f}, norms {min(norms):.3f} to {max(norms):.3f}, "
          f"clipped {sum(n > 1 for n in norms)}; float64 is off by {furthest(losses, exact):.1e}, "
          f"norms {furthest(norms, exact_norms):.1e}; one thread {furthest(losses, single):.1e}, "
          f"{furthest(norms, single_norms):.1e}")
    print(" ".join(f"{x:.3f}" for x in losses[::10]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME")
    os.makedirs(OUT, exist_ok=True)
    for name in parser.parse_args().names or CASES:
        make(name)
