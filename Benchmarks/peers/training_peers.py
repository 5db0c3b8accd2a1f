#!/usr/bin/env python3
"""GPT-2's network in PyTorch as one would write it for speed, and a process that trains it on command.

training.py starts `python training_peers.py SETTINGS` (JSON: shape, mode, threads, warmup), which answers every line
on its standard input, a number of steps, with the seconds of each and what memory they took. Between the lines it
waits without using a processor. Nothing here is needed to build, run or test Apus.

A mode is PROGRAM-PRECISION[-chunked]: eager or compile; f32, bf16 (autocast, weights and AdamW in float32) or
bf16params (all in bf16, which loses small updates); chunked takes torch's fused head and loss, which never has all
logits. A step is forward, backward and fused AdamW on a batch of random ids.
"""

import ctypes
import json
import math
import os
import sys
import time

SHAPES = {
    "small": dict(width=256, layers=2, heads=4, vocabulary=10_000, context=128, rows=32, length=128),
    "medium": dict(width=384, layers=6, heads=6, vocabulary=16_384, context=256, rows=16, length=256),
    "gpt2": dict(width=768, layers=12, heads=12, vocabulary=50_257, context=1024, rows=4, length=256),
}
PROGRAMS, PRECISIONS = ["eager", "compile"], ["f32", "bf16", "bf16params"]
MODES = [f"{program}-{precision}{end}" for end in ("", "-chunked") for precision in PRECISIONS for program in PROGRAMS]
ADAMW = dict(lr=3e-4, betas=(0.9, 0.95), eps=1e-8)
DECAY = 0.1


def parameters(shape):
    """How many weights the network has: the head is the embedding."""
    width = shape["width"]
    layer = 12 * width * width + 13 * width
    return (shape["vocabulary"] + shape["context"]) * width + shape["layers"] * layer + 2 * width


# --- The network ----------------------------------------------------------------------------------------------


def network(shape):
    """Learned positions, norms before, GELU in its tanh form, biases, a tied head. Ids [rows, length] to states."""
    import torch
    from torch import nn
    from torch.nn import functional as F
    width, layers, heads = shape["width"], shape["layers"], shape["heads"]

    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x):
            rows, length, _ = x.shape
            q, k, v = self.qkv(self.norm1(x)).view(rows, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(mixed.transpose(1, 2).reshape(rows, length, width))
            return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens = nn.Embedding(shape["vocabulary"], width)
            self.positions = nn.Embedding(shape["context"], width)
            self.layers, self.norm = nn.ModuleList(Layer() for _ in range(layers)), nn.LayerNorm(width)
            for name, parameter in self.named_parameters():
                if parameter.dim() == 2:
                    residual = name.endswith(("out.weight", "down.weight"))
                    nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * layers) if residual else 0.02)
                elif name.endswith("bias"):
                    nn.init.zeros_(parameter)

        def forward(self, ids):
            x = self.tokens(ids) + self.positions.weight[:ids.shape[1]]
            for layer in self.layers:
                x = layer(x)
            return self.norm(x)

    return GPT()


def loss_of(model, chunked):
    """The mean of −log p[target] as a function of ids and targets."""
    import torch
    from torch.nn import functional as F
    if not chunked:
        return lambda ids, targets: F.cross_entropy(F.linear(model(ids), model.tokens.weight).flatten(0, 1),
                                                    targets.flatten())
    if not hasattr(torch.nn, "LinearCrossEntropyOptions"):
        raise NotImplementedError("this torch has no chunked linear_cross_entropy")
    options = torch.nn.LinearCrossEntropyOptions()

    def loss(ids, targets):
        states, head = model(ids).flatten(0, 1), model.tokens.weight
        # Autocast does not reach into the fused operation.
        if torch.is_autocast_enabled("cpu"):
            states, head = states.bfloat16(), head.bfloat16()
        return F.linear_cross_entropy(states, head, targets.flatten(), options=options)

    return loss


def optimizer_of(model):
    import torch
    matrices = [p for p in model.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if p.dim() != 2]
    return torch.optim.AdamW([dict(params=matrices, weight_decay=DECAY), dict(params=others, weight_decay=0.0)],
                             **ADAMW, fused=True)


# --- Memory ---------------------------------------------------------------------------------------------------


def status(key):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key + ":"))


def resident():
    """Bytes in memory now, what malloc keeps for later given back."""
    ctypes.CDLL(None).malloc_trim(0)
    return status("VmRSS")


def forget_peak():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


# --- A process that trains ------------------------------------------------------------------------------------


class Trainer:
    def __init__(self, shape, mode):
        import torch
        import torch._dynamo  # which AdamW imports anyway
        self.torch, self.mode = torch, mode
        program, precision, *more = mode.split("-")
        imported = resident()
        torch.manual_seed(0)
        self.model = network(shape)
        if precision == "bf16params":
            self.model = self.model.bfloat16()
        self.autocast = precision == "bf16"
        self.optimizer = optimizer_of(self.model)
        loss = loss_of(self.model, bool(more))
        self.loss = torch.compile(loss) if program == "compile" else loss
        count = sum(p.numel() for p in self.model.parameters())
        assert count == parameters(shape), (count, parameters(shape))
        size = (shape["rows"], shape["length"] + 1)
        self.batches = [torch.randint(shape["vocabulary"], size) for _ in range(4)]
        self.memory = {"parameters": count, "gradientBytes": sum(p.nbytes for p in self.model.parameters()),
                       "importBytes": imported}

    def step(self, batch):
        with self.torch.autocast("cpu", self.torch.bfloat16, enabled=self.autocast):
            loss = self.loss(batch[:, :-1], batch[:, 1:])
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.item()

    def steps(self, count):
        between = resident()  # weights, AdamW's state, and what compile has made
        forget_peak()
        seconds, losses = [], []
        for i in range(count):
            start = time.perf_counter()
            losses.append(self.step(self.batches[i % len(self.batches)]))
            seconds.append(time.perf_counter() - start)
        peak = status("VmHWM")
        return {"seconds": seconds, "losses": losses, **self.memory, "stateBytes": between, "peakBytes": peak,
                "stepBytes": peak - between, "activationBytes": peak - between - self.memory["gradientBytes"]}


def serve(settings):
    import torch
    torch.set_num_threads(settings["threads"])
    out, sys.stdout = sys.stdout, sys.stderr  # what torch prints is no answer

    def answer(value):
        print(json.dumps(value), file=out, flush=True)

    try:
        trainer = Trainer(SHAPES[settings["shape"]], settings["mode"])
        start = time.perf_counter()
        trainer.steps(settings["warmup"])
    except Exception as error:
        said = str(error).strip().splitlines()
        return answer({"error": f"{type(error).__name__}: {said[0] if said else ''}"})
    answer({"warmUpSeconds": time.perf_counter() - start, "warmUpPeakBytes": status("VmHWM"),
            "torch": torch.__version__})
    for line in sys.stdin:
        answer(trainer.steps(int(line)))


# --- A loss curve on real text --------------------------------------------------------------------------------


def curve(text, shape, tokens, *, peak, evaluations, seed, threads, report):
    """Trains on bytes, f32, and gives the validation loss (nats per byte) by tokens seen.

    The first nine tenths of the text are trained on in windows at random places, the rest is cut into windows without
    a gap or overlap for validation, and what is left of it is not used. The rate goes up in a twentieth of the steps,
    then down along a cosine to a tenth; gradients are clipped at 1; matrices decay.
    """
    import torch
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    ids = torch.tensor(list(text))
    split, rows, length = len(ids) * 9 // 10, shape["rows"], shape["length"]
    windows = torch.stack([ids[i:i + length + 1] for i in range(split, len(ids) - length, length)])
    model = network(shape)
    loss_on, optimizer = loss_of(model, False), optimizer_of(model)
    steps = tokens // (rows * length)
    warm_up = max(1, steps // 20)

    def validation():
        with torch.no_grad():
            sums = [loss_on(w[:, :-1], w[:, 1:]).item() * len(w) for w in windows.split(64)]
        return sum(sums) / len(windows)

    points = []
    for step in range(steps):
        if step < warm_up:
            rate = peak * (step + 1) / warm_up
        else:
            rate = peak * (0.1 + 0.45 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up))))
        for group in optimizer.param_groups:
            group["lr"] = rate
        places = torch.randint(split - length, (rows,)).tolist()
        batch = torch.stack([ids[i:i + length + 1] for i in places])
        optimizer.zero_grad(set_to_none=True)
        loss = loss_on(batch[:, :-1], batch[:, 1:])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if (step + 1) * evaluations // steps > step * evaluations // steps:
            points.append({"step": step + 1, "tokens": (step + 1) * rows * length, "loss": loss.item(),
                           "validationLoss": validation()})
            report(points[-1])
    return points


if __name__ == "__main__":
    serve(json.loads(sys.argv[1]))
