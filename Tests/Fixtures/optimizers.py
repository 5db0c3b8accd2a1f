"""Writes optimizers.json: twenty steps of every optimiser and the rates of every schedule, for ApusTrainingTests.

    pip install torch==2.15.0 transformers==5.23.0 numpy==2.4.6
    python3 Tests/Fixtures/optimizers.py > Tests/Fixtures/optimizers.json

Optimisers run in float64 on weights and gradients that are exact in float32 (SplitMix64, as `SeededNumbers` in the tests):
AdamW and SGD are PyTorch's, Adafactor is transformers'. Lion follows the program in arXiv:2302.06675. Muon follows
`torch.optim.Muon` with its iteration in float64, and is compared with it here, as far as its bfloat16 goes.
"""

import json
import sys

import numpy as np
import torch
import transformers
from transformers import optimization

MASK = (1 << 64) - 1
SHAPES = [(6, 10), (9, 4), (1, 13)]
STEPS = 20
SAVED = (1, 2, 5, 20)


class SeededNumbers:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def signed(self):
        return ((self.next() >> 40) - (1 << 23)) / (1 << 23)


def weights(tensor):
    numbers = SeededNumbers(tensor)
    rows, columns = SHAPES[tensor]
    return np.array([numbers.signed() for _ in range(rows * columns)]).reshape(rows, columns)


def gradient(tensor, step):
    """Columns of four magnitudes, powers of two apart."""
    numbers = SeededNumbers(1000 * step + tensor)
    rows, columns = SHAPES[tensor]
    return np.array([[numbers.signed() * 2.0 ** (-3 * (j % 4)) for j in range(columns)] for _ in range(rows)])


def rate(base, step):
    return base * (1 + step % 3)


def shaped(tensor):
    """Vectors have one dimension in PyTorch."""
    w = weights(tensor)
    return w[0] if w.shape[0] == 1 else w


def run_torch(make, base, tensors=(0, 1, 2), scale=1.0):
    parameters = [torch.nn.Parameter(torch.tensor(shaped(t), dtype=torch.float64)) for t in tensors]
    optimizer = make(parameters)
    saved = {}
    for step in range(1, STEPS + 1):
        for parameter, tensor in zip(parameters, tensors):
            parameter.grad = torch.tensor(gradient(tensor, step) * scale).reshape(parameter.shape)
        for group in optimizer.param_groups:
            group["lr"] = rate(base, step)
        optimizer.step()
        if step in SAVED:
            saved[step] = [p.detach().numpy().ravel().tolist() for p in parameters]
    return saved


def run_numpy(make, base, tensors=(0, 1, 2)):
    """`make(w)` gives a function (w, g, rate) → w with a state of its own."""
    parameters = [weights(t) for t in tensors]
    updates = [make(w) for w in parameters]
    saved = {}
    for step in range(1, STEPS + 1):
        for i, tensor in enumerate(tensors):
            parameters[i] = updates[i](parameters[i], gradient(tensor, step), rate(base, step))
        if step in SAVED:
            saved[step] = [p.ravel().tolist() for p in parameters]
    return saved


def lion(beta1, beta2, decay):
    def make(w):
        m = np.zeros_like(w)

        def update(w, g, rate):
            nonlocal m
            c = beta1 * m + (1 - beta1) * g
            assert np.abs(c).min() > 1e-7, "a sign that float32 may take otherwise"
            m, w = beta2 * m + (1 - beta2) * g, w - rate * (np.sign(c) + decay * w)
            return w

        return update

    return make


def orthogonal(x, steps=5):
    a, b, c = 3.4445, -4.7750, 2.0315
    turned = x.shape[0] > x.shape[1]
    x = x.T if turned else x
    x = x / max(np.linalg.norm(x), 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if turned else x


def muon(momentum, nesterov, decay, matched):
    def make(w):
        m = np.zeros_like(w)
        rows, columns = w.shape
        factor = 0.2 * max(rows, columns) ** 0.5 if matched else max(1, rows / columns) ** 0.5

        def update(w, g, rate):
            nonlocal m
            m = momentum * m + (1 - momentum) * g
            d = (1 - momentum) * g + momentum * m if nesterov else m
            return w * (1 - rate * decay) - rate * factor * orthogonal(d)

        return update

    return make


def check_muon(ours, base, momentum, nesterov, decay, matched):
    """torch.optim.Muon rounds to bfloat16 after every product; only the size of the difference can be held against."""
    theirs = run_torch(
        lambda p: torch.optim.Muon(p, lr=base, momentum=momentum, nesterov=nesterov, weight_decay=decay,
                                   adjust_lr_fn="match_rms_adamw" if matched else "original"),
        base, tensors=(0, 1))
    for t in (0, 1):
        a, b, start = (np.array(x).ravel() for x in (ours[5][t], theirs[5][t], weights(t)))
        assert np.linalg.norm(a - b) < 0.05 * np.linalg.norm(a - start), "not what torch.optim.Muon does"


def optimizers():
    eps = 2.0**-10  # large enough that its place in the formula shows
    yield "adamw", 0.01, run_torch(
        lambda p: torch.optim.AdamW(p, betas=(0.9, 0.95), eps=eps, weight_decay=0.1), 0.01)
    yield "adamw scaled", 0.01, run_torch(
        lambda p: torch.optim.AdamW(p, betas=(0.9, 0.95), eps=eps, weight_decay=0.1), 0.01, scale=0.25)
    yield "sgd", 0.05, run_torch(lambda p: torch.optim.SGD(p, weight_decay=0.1), 0.05)
    yield "momentum", 0.02, run_torch(lambda p: torch.optim.SGD(p, momentum=0.9, weight_decay=0.1), 0.02)
    yield "nesterov", 0.02, run_torch(
        lambda p: torch.optim.SGD(p, momentum=0.9, nesterov=True, weight_decay=0.1), 0.02)
    yield "lion", 0.005, run_numpy(lion(0.9, 0.99, 0.1), 0.005)
    for name, first, scaled in (("adafactor", None, True), ("adafactor with momentum", 0.9, False)):
        yield name, 0.02, run_torch(
            lambda p: optimization.Adafactor(p, lr=0.02, beta1=first, weight_decay=0.1, scale_parameter=scaled,
                                             relative_step=False, warmup_init=False), 0.02)
    for name, nesterov, matched in (("muon", True, True), ("muon original", False, False)):
        result = run_numpy(muon(0.95, nesterov, 0.1, matched), 0.02, tensors=(0, 1))
        check_muon(result, 0.02, 0.95, nesterov, 0.1, matched)
        yield name, 0.02, result


def schedules():
    def rates(make):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
        schedule = make(optimizer)
        result = []
        for _ in range(100):
            result.append(schedule.get_last_lr()[0])
            optimizer.step()
            schedule.step()
        return result

    steps, warmup, decay = 100, 10, 30
    o = optimization
    yield "constant", rates(lambda x: o.get_constant_schedule_with_warmup(x, warmup))
    yield "linear", rates(lambda x: o.get_linear_schedule_with_warmup(x, warmup, steps))
    yield "cosine", rates(lambda x: o.get_cosine_schedule_with_warmup(x, warmup, steps))
    yield "cosine to a minimum", rates(
        lambda x: o.get_cosine_with_min_lr_schedule_with_warmup(x, warmup, steps, min_lr=0.05))
    yield "cosine without warm-up", rates(
        lambda x: torch.optim.lr_scheduler.CosineAnnealingLR(x, steps, eta_min=0.05))
    for kind in ("linear", "cosine", "1-sqrt"):
        yield "stable, then " + kind, rates(
            lambda x: o.get_wsd_schedule(x, warmup, decay, num_training_steps=steps, decay_type=kind,
                                         min_lr_ratio=0.1))
    yield "inverse square root", rates(lambda x: o.get_inverse_sqrt_schedule(x, warmup))


assert torch.__version__.startswith("2.15") and transformers.__version__.startswith("5.23")
json.dump(
    {
        "optimizers": [
            {"name": name, "rate": base, "steps": [{"step": s, "weights": w} for s, w in saved.items()]}
            for name, base, saved in optimizers()
        ],
        "schedules": [{"name": name, "rates": rates} for name, rates in schedules()],
    },
    sys.stdout, separators=(",", ":"))
print()
