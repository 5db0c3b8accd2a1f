#!/usr/bin/env python3
"""Makes the losses and gradients that Apus's preference learning is tested against.

The policy is the network "llama" of models.py, the reference the same network with each weight moved by ±SHIFT.
Log-probabilities are those of `transformers` in float64 throughout; each objective is written down below once more from
its paper, with operations of torch, and the gradients of the GGUF tensors are autograd's.

    pip install torch==2.15.0 transformers==5.23.0 numpy==2.4.6
    python Tests/Fixtures/preferences.py

Written to preferences/: rows.json, the rows of all; NAME.json and NAME.f32 as gradients.py writes them, with nothing before
the tensors in the latter. A row of pairs is two sequences, prompt + chosen and prompt + rejected. A row of single answers is
prompt + answer and, for the point that KTO compares with, the same prompt + the answer of the row half the batch away.
"""

import json
import math
import os
from unittest import mock

import numpy as np
import torch
import torch.nn.functional as F
import transformers

import models
from gradients import ELEMENTS, PROJECTIONS, WHOLE, exactly, leaves, signs, words
from models import HERE, VOCABULARY

OUT = os.path.join(HERE, "preferences")
PROMPTS = [3, 7, 2, 5, 4, 6]
CHOSEN = [5, 2, 9, 4, 1, 3]
REJECTED = [4, 6, 3, 4, 8, 1]
DESIRABLE = [True, False, False, True, True, False]
SHIFT = 0.02

CASES = {
    "dpo": dict(objective="dpo", beta=0.3),
    "dpo-smoothed": dict(objective="dpo", beta=0.3, labelSmoothing=0.1),
    "ipo": dict(objective="ipo", beta=0.4),
    "simpo": dict(objective="simpo", beta=2.0, simpoMargin=0.5),
    "kto": dict(objective="kto", beta=0.3, shift=0.05, desirableWeight=1.0, undesirableWeight=1.3),
}


def rows():
    """Of each row: tokens of the prompt, of the chosen and of the rejected answer."""
    total = sum(PROMPTS) + sum(CHOSEN) + sum(REJECTED)
    tokens = iter((words("preferences tokens", total) % VOCABULARY).tolist())
    take = lambda count: [next(tokens) for _ in range(count)]
    return [(take(p), take(c), take(r)) for p, c, r in zip(PROMPTS, CHOSEN, REJECTED)]


def sequences(objective):
    """(tokens, tokens of the prompt), two for each row."""
    result, all_rows = [], rows()
    for index, (prompt, chosen, rejected) in enumerate(all_rows):
        other = all_rows[(index + len(all_rows) // 2) % len(all_rows)][1] if objective == "kto" else rejected
        result += [(prompt + chosen, len(prompt)), (prompt + other, len(prompt))]
    return result


class Policy:
    """The network with float64 leaves."""

    def __init__(self, shift=0.0):
        with mock.patch.object(models, "Network", leaves(torch.float64, shift)), exactly(torch.float64):
            net, model, self.state = models.FAMILIES["llama"]("llama")
        self.leaves, self.model = net.leaves, model.to(torch.float64).eval()

    def log_probabilities(self, objective):
        """The sum of log p over the answer of each sequence."""
        sums = []
        for tokens, prompt in sequences(objective):
            inputs = torch.tensor([tokens])
            with exactly(torch.float64):
                logits = torch.func.functional_call(
                    self.model, self.state, (inputs,), dict(use_cache=False)).logits[0]
            logp = torch.log_softmax(logits, -1)
            sums.append(sum(logp[i - 1, tokens[i]] for i in range(prompt, len(tokens))))
        return torch.stack(sums)


def loss(case, policy, reference):
    """The mean over the rows, from the sums of log p of their two sequences."""
    beta, objective = case["beta"], case["objective"]
    policy, reference = policy.reshape(-1, 2), reference.reshape(-1, 2)
    ratios = policy - reference
    if objective == "dpo":
        d, smoothing = beta * (ratios[:, 0] - ratios[:, 1]), case.get("labelSmoothing", 0)
        return (-(1 - smoothing) * F.logsigmoid(d) - smoothing * F.logsigmoid(-d)).mean()
    if objective == "ipo":
        return ((ratios[:, 0] - ratios[:, 1] - 1 / (2 * beta)) ** 2).mean()
    if objective == "simpo":
        counts = torch.tensor([CHOSEN, REJECTED], dtype=torch.float64).T
        means = policy / counts
        return -F.logsigmoid(beta * (means[:, 0] - means[:, 1]) - case["simpoMargin"]).mean()
    z0 = ratios[:, 1].mean().clamp(min=0).detach()
    desirable = torch.tensor(DESIRABLE)
    good = case["desirableWeight"] * (1 - torch.sigmoid(beta * (ratios[:, 0] - z0)))
    bad = case["undesirableWeight"] * (1 - torch.sigmoid(beta * (z0 - ratios[:, 0])))
    return torch.where(desirable, good, bad).mean()


def make(name):
    case = CASES[name]
    with torch.no_grad():
        reference = Policy(case.get("shift", SHIFT)).log_probabilities(case["objective"])
    network = Policy()
    policy = network.log_probabilities(case["objective"])
    value = loss(case, policy, reference)
    gradients = dict(zip(network.leaves, torch.autograd.grad(value, list(network.leaves.values()))))
    tensors, blob = [], []
    for tensor, gradient in gradients.items():
        flat = gradient.numpy().reshape(-1)
        norm = float(np.linalg.norm(flat))
        assert math.isfinite(norm) and norm > 1e-6, (name, tensor, norm)
        tensors.append({"name": tensor, "shape": list(gradient.shape), "norm": norm,
                        "projections": [float(flat @ signs(tensor, k, flat.size)) for k in range(PROJECTIONS)]})
        blob.append(flat if flat.size <= WHOLE else flat[words(f"elements {tensor}", ELEMENTS) % flat.size])
    with open(os.path.join(OUT, name + ".json"), "w") as file:
        json.dump({"name": name, **case, "loss": value.item(), "policy": policy.tolist(),
                   "reference": reference.tolist(), "tensors": tensors,
                   "versions": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__}},
                  file, separators=(",", ":"))
        file.write("\n")
    np.concatenate(blob).astype("<f4").tofile(os.path.join(OUT, name + ".f32"))
    ratios = (policy - reference).detach().reshape(-1, 2)
    print(f"{name:14} loss {value.item():.6f}  mean ratios {ratios.mean(0).tolist()}")


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    with open(os.path.join(OUT, "rows.json"), "w") as file:
        json.dump([{"prompt": p, "chosen": c, "rejected": r, "desirable": d}
                   for (p, c, r), d in zip(rows(), DESIRABLE)], file, separators=(",", ":"))
        file.write("\n")
    for name in CASES:
        make(name)
