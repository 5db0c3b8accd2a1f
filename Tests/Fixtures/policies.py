#!/usr/bin/env python3
"""Makes the losses and gradients that Apus's learning from its own answers is tested against.

The policy is the network "llama" of models.py; answers were drawn by the same network with each weight moved by ±DRAWN, and
the reference has each moved by ±REFERENCE. Log-probabilities are those of `transformers` in float64 throughout; the
objectives are written down below once more from their papers, with operations of torch, and the gradients of the GGUF
tensors are autograd's. Values are the products of last hidden states with the head of scores.py, which is moved like all
other weights.

    pip install torch==2.15.0 transformers==5.23.0 numpy==2.4.6
    python Tests/Fixtures/policies.py

Written to policies/: rows.json, prompts with their answers, rewards, the log-probabilities when they were drawn and by the
reference, and the values when they were drawn; NAME.json and NAME.f32 as gradients.py writes them, with nothing before the
tensors in the latter. Where isFirst is true, an update is a step's first: answers were drawn by the policy itself.
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
from scores import HEAD, head

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
# `learned` are the rows of the update; advantages are of all rows. A valueClip of 0 is none.
VALUED_CASES = {
    "ppo": dict(clip=0.2, clipHigh=0.2, kl=0.04, klEstimator="k3", average="token", advantage="standardized",
                gamma=1.0, **{"lambda": 0.95}, valueWeight=0.1, valueClip=0.2, isFirst=True, learned=list(range(9))),
    "ppo-later": dict(clip=0.1, clipHigh=0.2, kl=0.3, klEstimator="k1", average="token", advantage="standardized",
                      gamma=0.9, **{"lambda": 0.7}, valueWeight=0.5, valueClip=0.03, isFirst=False,
                      learned=[7, 0, 4, 2, 5]),
    "ppo-plain": dict(clip=0.05, clipHigh=0.05, kl=0.0, klEstimator="k3", average="answer", advantage="plain",
                      gamma=0.5, **{"lambda": 0.0}, valueWeight=1.0, valueClip=0.0, isFirst=False,
                      learned=[1, 3, 6, 8]),
}


class ValuedPolicy(Policy):
    """The network with a head of scores, whose products with last hidden states are values."""

    def __init__(self, shift=0.0):
        super().__init__(shift)
        weight = head(self.model.config.hidden_size).to(torch.float64)
        weight = weight + shift * torch.from_numpy(signs(HEAD, 0, weight.numel())).reshape(weight.shape)
        self.leaves[HEAD] = weight.requires_grad_()

    def values(self):
        """Before each token of each answer: of the text that the token was drawn for."""
        prefix = self.model.base_model_prefix + "."
        state = {k.removeprefix(prefix): v for k, v in self.state.items() if k.startswith(prefix)}
        result = []
        for prompt, answer in texts():
            with exactly(torch.float64):
                hidden = torch.func.functional_call(
                    self.model.base_model, state, (torch.tensor([prompt + answer]),),
                    dict(use_cache=False)).last_hidden_state[0]
            result.append((hidden @ self.leaves[HEAD][0])[len(prompt) - 1:-1])
        return result


def rows():
    """Of each group: the prompt, and its answers."""
    total = sum(PROMPTS) + sum(map(sum, ANSWERS))
    tokens = iter((words("policies tokens", total) % VOCABULARY).tolist())
    take = lambda count: [next(tokens) for _ in range(count)]
    return [(take(p), [take(a) for a in answers]) for p, answers in zip(PROMPTS, ANSWERS)]


def texts():
    """Prompts with their answers, group by group."""
    return [(prompt, answer) for prompt, answers in rows() for answer in answers]


def log_probabilities(policy):
    """Of each answer's tokens."""
    result = []
    for prompt, answer in texts():
        with exactly(torch.float64):
            logits = torch.func.functional_call(
                policy.model, policy.state, (torch.tensor([prompt + answer]),), dict(use_cache=False)).logits[0]
        logp = torch.log_softmax(logits, -1)
        places = torch.arange(len(prompt) - 1, len(prompt) + len(answer) - 1)
        result.append(logp[places, torch.tensor(answer)])
    return result


def surrogate(case, new, old, advantages):
    """Schulman et al. 2017, equation 7, to be made small."""
    ratio = torch.exp(new - old)
    clipped = torch.clamp(ratio, 1 - case["clip"], 1 + case["clipHigh"])
    return -torch.minimum(ratio * advantages, clipped * advantages)


def divergence(case, new, reference):
    difference = reference - new
    return torch.exp(difference) - difference - 1 if case["klEstimator"] == "k3" else -difference


def average(case, per_answer):
    if case["average"] == "answer":
        return torch.stack([v.mean() for v in per_answer]).mean()
    if case["average"] == "token":
        return torch.cat(per_answer).mean()
    return torch.cat(per_answer).sum() / (len(per_answer) * LONGEST)


def loss(case, new, old, reference):
    per_answer = []
    for rewards in REWARDS:
        r = torch.tensor(rewards, dtype=torch.float64)
        advantages = r - r.mean()
        if case["advantage"] == "standardized":
            advantages = advantages / (r.std() + 1e-4)
        for advantage in advantages:
            place = len(per_answer)
            value = surrogate(case, new[place], old[place], advantage)
            per_answer.append(value + case["kl"] * divergence(case, new[place], reference[place]))
    return average(case, per_answer)


def expectations(case, rewards, values):
    """Of an answer: advantages (Schulman et al. 2016, equation 16, a sum over all that follows), and what values are to
    become, the mean of all n-step returns that λ weighs (Sutton and Barto, TD(λ))."""
    gamma, lam, count = case["gamma"], case["lambda"], len(rewards)
    after = torch.cat([values, torch.zeros(1, dtype=torch.float64)])  # nothing is paid when an answer has ended
    delta = rewards + gamma * after[1:] - values
    advantages, targets = [], []
    for t in range(count):
        advantages.append(sum((gamma * lam) ** k * delta[t + k] for k in range(count - t)))
        returns = [sum(gamma**k * rewards[t + k] for k in range(n)) + gamma**n * after[t + n]
                   for n in range(1, count - t + 1)]
        weights = [(1 - lam) * lam ** (n - 1) for n in range(1, count - t)] + [lam ** (count - t - 1)]
        targets.append(sum(w * r for w, r in zip(weights, returns)))
    return torch.stack(advantages), torch.stack(targets)


def valued_loss(case, new, old, reference, values, old_values):
    """PPO with values. What divergence costs is paid for with the reward of each token drawn, that of the answer comes with
    the last (Ziegler et al. 2019, equation 2)."""
    advantages, targets = [], []
    for place, score in enumerate(sum(REWARDS, [])):
        rewards = -case["kl"] * divergence(case, old[place], reference[place])
        rewards[-1] += score
        for found, part in zip((advantages, targets), expectations(case, rewards, old_values[place])):
            found.append(part)
    if case["advantage"] == "standardized":
        of_all = torch.cat(advantages)
        advantages = [(a - of_all.mean()) / of_all.std() for a in advantages]
    per_answer = []
    for place in case["learned"]:
        error = (values[place] - targets[place]) ** 2
        if case["valueClip"] > 0:
            moved = torch.clamp(values[place] - old_values[place], -case["valueClip"], case["valueClip"])
            error = torch.maximum(error, (old_values[place] + moved - targets[place]) ** 2)
        per_answer.append(surrogate(case, new[place], old[place], advantages[place])
                          + case["valueWeight"] * 0.5 * error)
    return average(case, per_answer)


def make(name, old, reference, old_values):
    if name in CASES:
        case, network = CASES[name], Policy()
        new = log_probabilities(network)
        value = loss(case, new, old, reference)
    else:
        case, network = VALUED_CASES[name], ValuedPolicy()
        new, values = log_probabilities(network), network.values()
        if case["isFirst"]:
            old, old_values = ([x.detach() for x in list] for list in (new, values))
        value = valued_loss(case, new, old, reference, values, old_values)
        moves = (torch.cat(values) - torch.cat(old_values)).abs().detach()
        print(f"{name:14} values {torch.cat(values).min().item():.3f} to {torch.cat(values).max().item():.3f}, "
              f"moved by {moves.median().item():.3f}, at most {moves.max().item():.3f}")
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
        drawn = ValuedPolicy(DRAWN)
        old, reference, old_values = log_probabilities(drawn), log_probabilities(Policy(REFERENCE)), drawn.values()
    with open(os.path.join(OUT, "rows.json"), "w") as file:
        json.dump([{"prompt": p, "answer": a, "reward": r, "old": o.tolist(), "reference": q.tolist(),
                    "oldValues": v.tolist()}
                   for (p, a), r, o, q, v in zip(texts(), sum(REWARDS, []), old, reference, old_values)],
                  file, separators=(",", ":"))
        file.write("\n")
    for name in [*CASES, *VALUED_CASES]:
        make(name, old, reference, old_values)
