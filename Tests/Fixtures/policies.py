#!/usr/bin/env python3
"""Makes the losses and gradients that Apus's learning from its own answers is tested against.

The policy is the network "llama" of models.py; answers were drawn by the same network with each weight moved by ±DRAWN, and
the reference has each moved by ±REFERENCE. Log-probabilities are those of `transformers` in float64 throughout; the
objectives are written down below once more from their papers, with operations of torch, and the gradients of the GGUF
tensors are autograd's.

    pip install torch==2.15.0 transformers==5.23.0 numpy==2.4.6
    python Tests/Fixtures/policies.py

Written to policies/: rows.json, prompts with their answers, rewards, and the log-probabilities when they were drawn and by
the reference; NAME.json and NAME.f32 as gradients.py writes them, with nothing before the tensors in the latter.
"""

import json
import math
import os

import numpy as np
import torch
import transformers

from gradients import ELEMENTS, PROJECTIONS, WHOLE, exactly, signs, words
from models import HERE, VOCABULARY
from preferences import Policy

OUT = os.path.join(HERE, "policies")
PROMPTS = [4, 6, 3]
ANSWERS = [[5, 2, 7], [3, 8, 1], [4, 4, 6]]
REWARDS = [[1.0, 0.0, 0.0], [0.5, 2.0, -1.0], [0.25, 0.25, 0.25]]
LONGEST = 8
DRAWN, REFERENCE = 0.006, -0.02

CASES = {
    "grpo": dict(clip=0.2, clipHigh=0.2, kl=0.04, klEstimator="k3", average="answer", advantage="standardized"),
    "grpo-token": dict(clip=0.1, clipHigh=0.3, kl=0.3, klEstimator="k1", average="token", advantage="standardized"),
    "grpo-longest": dict(clip=0.05, clipHigh=0.05, kl=0.0, klEstimator="k3", average="longest", advantage="plain"),
}


def rows():
    """Of each group: the prompt, and its answers."""
    total = sum(PROMPTS) + sum(map(sum, ANSWERS))
    tokens = iter((words("policies tokens", total) % VOCABULARY).tolist())
    take = lambda count: [next(tokens) for _ in range(count)]
    return [(take(p), [take(a) for a in answers]) for p, answers in zip(PROMPTS, ANSWERS)]


def log_probabilities(policy):
    """Of each answer's tokens, group by group."""
    result = []
    for prompt, answers in rows():
        for answer in answers:
            with exactly(torch.float64):
                logits = torch.func.functional_call(
                    policy.model, policy.state, (torch.tensor([prompt + answer]),), dict(use_cache=False)).logits[0]
            logp = torch.log_softmax(logits, -1)
            places = torch.arange(len(prompt) - 1, len(prompt) + len(answer) - 1)
            result.append(logp[places, torch.tensor(answer)])
    return result


def loss(case, new, old, reference):
    per_answer, tokens = [], 0
    place = 0
    for rewards in REWARDS:
        r = torch.tensor(rewards, dtype=torch.float64)
        advantages = r - r.mean()
        if case["advantage"] == "standardized":
            advantages = advantages / (r.std() + 1e-4)
        for advantage in advantages:
            ratio = torch.exp(new[place] - old[place])
            clipped = torch.clamp(ratio, 1 - case["clip"], 1 + case["clipHigh"])
            value = -torch.minimum(ratio * advantage, clipped * advantage)
            difference = reference[place] - new[place]
            k3 = torch.exp(difference) - difference - 1
            value = value + case["kl"] * (k3 if case["klEstimator"] == "k3" else -difference)
            per_answer.append(value)
            tokens += len(value)
            place += 1
    if case["average"] == "answer":
        return torch.stack([v.mean() for v in per_answer]).mean()
    if case["average"] == "token":
        return torch.cat(per_answer).sum() / tokens
    return torch.cat(per_answer).sum() / (len(per_answer) * LONGEST)


def make(name, old, reference):
    case = CASES[name]
    network = Policy()
    new = log_probabilities(network)
    value = loss(case, new, old, reference)
    gradients = dict(zip(network.leaves, torch.autograd.grad(value, list(network.leaves.values()))))
    tensors, blob = [], []
    for tensor, gradient in gradients.items():
        flat = gradient.numpy().reshape(-1)
        norm = float(np.linalg.norm(flat))
        assert math.isfinite(norm) and norm > 1e-7, (name, tensor, norm)
        tensors.append({"name": tensor, "shape": list(gradient.shape), "norm": norm,
                        "projections": [float(flat @ signs(tensor, k, flat.size)) for k in range(PROJECTIONS)]})
        blob.append(flat if flat.size <= WHOLE else flat[words(f"elements {tensor}", ELEMENTS) % flat.size])
    with open(os.path.join(OUT, name + ".json"), "w") as file:
        json.dump({"name": name, **case, "longest": LONGEST, "loss": value.item(), "tensors": tensors,
                   "versions": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__}},
                  file, separators=(",", ":"))
        file.write("\n")
    np.concatenate(blob).astype("<f4").tofile(os.path.join(OUT, name + ".f32"))
    ratios = torch.exp(torch.cat(new) - torch.cat(old)).detach()
    print(f"{name:14} loss {value.item():.6f}  ratios {ratios.min().item():.3f} to {ratios.max().item():.3f}")


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    with torch.no_grad():
        old, reference = (log_probabilities(Policy(shift)) for shift in (DRAWN, REFERENCE))
    flat = [(prompt, answer, reward) for (prompt, answers), rewards in zip(rows(), REWARDS)
            for answer, reward in zip(answers, rewards)]
    with open(os.path.join(OUT, "rows.json"), "w") as file:
        json.dump([{"prompt": p, "answer": a, "reward": r, "old": o.tolist(), "reference": q.tolist()}
                   for (p, a, r), o, q in zip(flat, old, reference)], file, separators=(",", ":"))
        file.write("\n")
    for name in CASES:
        make(name, old, reference)
