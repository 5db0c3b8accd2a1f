#!/usr/bin/env python3
"""Makes the gradients that Apus's training is tested against.

The networks are those of models.py, the batch is packed: rows of 48 tokens, each several documents that must not see
each other. `transformers` runs every document by itself from position 0, in float64 throughout, and the gradients are
taken of the GGUF tensors: models.py turns those into the network's with operations of torch (permuting, transposing,
subtracting 1), so that autograd undoes them. Nothing here repeats how the families order their weights.

    pip install torch==2.15.0 transformers==5.23.0 numpy==2.4.6
    python Tests/Fixtures/gradients.py [--check] [NAME ...]

--check compares each with a finite difference as well, along ±1 for all weights at once.

The loss of a token is, with p the softmax over the vocabulary and lse the logarithm of its denominator,

    (1 − labelSmoothing) · (−log p[target]) + labelSmoothing · mean(−log p) + zLoss · lse²

and the loss of the batch is Σ w · loss / Σ w over the tokens whose target is not −1.

Written to gradients/: batch.json, the batch of all; NAME.json, the loss and per tensor (GGUF's name and order) the
gradient's L2 norm and its products with three vectors of ±1; NAME.f32, little-endian floats: the tokens' losses
(0 without a target), then per tensor the whole gradient, or of one with more than 1,024 elements 128 of them.

    vector k of tensor T   key FNV-1a("projection k T"); element i is −1 if bit i % 32 of word i / 32 is set, else 1
    elements of tensor T   key FNV-1a("elements T"); the i-th is word i modulo the number of T's elements

Word i is that of block i / 4 of the Philox family with the key. A vector of ±1 of random signs times the difference of
two gradients is as large as the norm of that difference, in the root mean square over the vectors.
"""

import argparse
import contextlib
import json
import os
from unittest import mock

import numpy as np
import torch
import transformers

import models
from models import HERE, VOCABULARY, fnv1a, philox

OUT = os.path.join(HERE, "gradients")
ROWS, LENGTH = 2, 48
SEGMENTS = [[17, 30, 1], [5, 43]]
PROJECTIONS = 3
WHOLE = 1024
ELEMENTS = 128
SMOOTHED = dict(labelSmoothing=0.1, zLoss=1e-4)
CASES = {name: dict(network=name, labelSmoothing=0.0, zLoss=0.0) for name in models.FAMILIES}
CASES["llama-smoothed"] = dict(network="llama", **SMOOTHED)
CASES["gemma2-smoothed"] = dict(network="gemma2", **SMOOTHED)  # its logits are capped


def words(key, count):
    """The first words of a Philox family."""
    return philox(np.arange((count + 3) // 4, dtype=np.uint64), fnv1a(key)).reshape(-1)[:count].astype(np.int64)


def signs(name, k, count):
    """A vector of ±1, float64."""
    bits = words(f"projection {k} {name}", (count + 31) // 32)[:, None] >> np.arange(32) & 1
    return 1.0 - 2.0 * bits.reshape(-1)[:count]


def batch():
    """Tokens, targets and weights, each [ROWS, LENGTH]. One target in eight is −1 besides the documents' last."""
    tokens = (words("gradients tokens", ROWS * LENGTH) % VOCABULARY).reshape(ROWS, LENGTH)
    targets = np.full((ROWS, LENGTH), -1)
    keep = (words("gradients targets", ROWS * LENGTH) % 8 != 0).reshape(ROWS, LENGTH)
    for row, start, length in documents():
        inside = slice(start, start + length - 1)
        targets[row, inside] = np.where(keep[row, inside], tokens[row, start + 1:start + length], -1)
    weights = ((words("gradients weights", ROWS * LENGTH) % 8 + 1) / 4).reshape(ROWS, LENGTH)
    return tokens, targets, weights


def documents():
    for row, lengths in enumerate(SEGMENTS):
        assert sum(lengths) == LENGTH
        for i, length in enumerate(lengths):
            yield row, sum(lengths[:i]), length


def leaves(dtype, shift):
    """The kind of network whose weights autograd reaches: every GGUF tensor is a leaf, moved by shift · ±1."""

    class Leaves(models.Network):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.leaves = {}

        def tensor(self, name, *shape, **how):
            value = super().tensor(name, *shape, **how).to(dtype)
            if shift:
                value = value + shift * torch.from_numpy(signs(name, 0, value.numel()).reshape(shape))
            self.leaves[name] = value.requires_grad_()
            return value

    return Leaves


def exactly(dtype):
    """Makes `transformers` compute in float64 where its code asks for float32, as in norms and angles."""
    stack = contextlib.ExitStack()
    if dtype == torch.float64:
        stack.enter_context(mock.patch.object(torch, "float32", torch.float64))
        stack.enter_context(mock.patch.object(torch, "float", torch.float64))
        stack.enter_context(mock.patch.object(torch.Tensor, "float", torch.Tensor.double))
    return stack


class Run:
    """A network with leaves of a type, and the loss of the batch as a function of them."""

    def __init__(self, case, dtype, shift=0.0):
        self.case, self.dtype = case, dtype
        with mock.patch.object(models, "Network", leaves(dtype, shift)), exactly(dtype):
            net, model, self.state = models.FAMILIES[case["network"]](case["network"])
        self.leaves, self.model = net.leaves, model.to(dtype).eval()
        names = set(dict(self.model.named_parameters()))
        assert set(self.state) == names, (case, set(self.state) ^ names)

    def token_losses(self):
        """[ROWS, LENGTH]. A document fills its row up with zeros behind it, which causality hides from it: so LongRoPE,
        which takes other factors for longer inputs, sees the length of a row, whatever the documents in it."""
        tokens, targets, _ = batch()
        places = list(documents())
        inputs = torch.zeros(len(places), LENGTH, dtype=torch.long)
        for i, (row, start, length) in enumerate(places):
            inputs[i, :length] = torch.from_numpy(tokens[row, start:start + length])
        with exactly(self.dtype):
            logits = torch.func.functional_call(self.model, self.state, (inputs,), dict(use_cache=False)).logits
        assert logits.dtype == self.dtype
        logits = torch.stack([
            torch.cat([logits[i, :length] for i, (row, _, length) in enumerate(places) if row == r])
            for r in range(ROWS)])
        targets = torch.from_numpy(targets)
        lse = torch.logsumexp(logits, -1)
        chosen = lse - logits.gather(-1, targets.clamp(min=0)[..., None])[..., 0]
        smoothing = self.case["labelSmoothing"]
        losses = (1 - smoothing) * chosen + smoothing * (lse - logits.mean(-1)) + self.case["zLoss"] * lse**2
        return torch.where(targets >= 0, losses, 0)

    def loss(self):
        _, targets, weights = batch()
        weights = torch.from_numpy(np.where(targets >= 0, weights, 0)).to(self.dtype)
        losses = self.token_losses()
        return (weights * losses).sum() / weights.sum(), losses

    def gradients(self):
        """The loss, the tokens' losses, and the gradient of every GGUF tensor."""
        loss, losses = self.loss()
        values = torch.autograd.grad(loss, list(self.leaves.values()))
        return loss.item(), losses.detach().numpy(), {n: g.numpy() for n, g in zip(self.leaves, values)}


def check(case, gradients):
    """The derivative along ±1 for all weights, from gradients and from a difference (relative error h²)."""
    h = 1e-6
    with torch.no_grad():
        above, below = (Run(case, torch.float64, shift).loss()[0].item() for shift in (h, -h))
    difference = (above - below) / (2 * h)
    exact = sum(float(g.reshape(-1) @ signs(name, 0, g.size)) for name, g in gradients.items())
    assert abs(difference - exact) < 1e-6 * max(1, abs(exact)), (case, difference, exact)
    return abs(difference - exact) / abs(exact)


def write_batch():
    tokens, targets, weights = batch()
    with open(os.path.join(OUT, "batch.json"), "w") as file:
        json.dump({"rows": ROWS, "length": LENGTH, "segments": SEGMENTS, "tokens": tokens.reshape(-1).tolist(),
                   "targets": targets.reshape(-1).tolist(), "weights": weights.reshape(-1).tolist()},
                  file, separators=(",", ":"))
        file.write("\n")


def make(name, checked):
    case = CASES[name]
    loss, losses, gradients = Run(case, torch.float64).gradients()
    loss32, _, gradients32 = Run(case, torch.float32).gradients()
    tensors, blob, worst = [], [losses.reshape(-1)], 0.0
    for tensor, gradient in gradients.items():
        flat = gradient.reshape(-1)
        norm = float(np.linalg.norm(flat))
        assert np.isfinite(norm) and norm > 1e-6, (name, tensor, norm)
        error = float(np.linalg.norm(gradients32[tensor].reshape(-1) - flat)) / norm
        worst = max(worst, error)
        tensors.append({"name": tensor, "shape": list(gradient.shape), "norm": norm,
                        "projections": [float(flat @ signs(tensor, k, flat.size)) for k in range(PROJECTIONS)]})
        blob.append(flat if flat.size <= WHOLE else flat[words(f"elements {tensor}", ELEMENTS) % flat.size])
    with open(os.path.join(OUT, name + ".json"), "w") as file:
        json.dump({"name": name, **case, "loss": loss, "float32Error": worst,
                   "float32LossError": abs(loss32 - loss) / loss, "tensors": tensors,
                   "versions": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__}},
                  file, separators=(",", ":"))
        file.write("\n")
    np.concatenate(blob).astype("<f4").tofile(os.path.join(OUT, name + ".f32"))
    size = sum(os.path.getsize(os.path.join(OUT, name + end)) for end in (".json", ".f32"))
    assert size < 150_000, (name, size)
    difference = f"  finite difference {check(case, gradients):.1e}" if checked else ""
    print(f"{name:16} loss {loss:.6f}  f32 error {worst:.1e}  {len(tensors)} tensors  {size} bytes{difference}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    os.makedirs(OUT, exist_ok=True)
    write_batch()
    for name in arguments.names or CASES:
        make(name, arguments.check)
