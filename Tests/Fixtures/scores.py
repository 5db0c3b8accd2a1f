#!/usr/bin/env python3
"""Makes what Apus's scores of tokens, reward models, advantages and losses of values are tested against.

The networks are those of models.py, the packed batch and the form of the files that of gradients.py. Each network has a row
more, the head of scores, cls.output.weight: Philox normals keyed by that name, of deviation 1 / sqrt(hidden + 1). With s the
product of that row with a token's last hidden state, the loss is that of gradients.py plus sum(g · s) / 96, or that sum alone.

    pip install torch==2.15.0 transformers==5.23.0 numpy==2.4.6
    python Tests/Fixtures/scores.py

Written to scores/: NAME.json and NAME.f32 as in gradients/, in float64 throughout, and in NAME.json besides
    head           "both", or "scores" for a network without the head of tokens
    tokenScores    s of every token of the batch
    className      the class of transformers that gives a sequence a score, and
    stateNames     the names of its weights, and
    sequenceScores what it makes of the documents of the batch, padded, in float32
values.json: advantages, and losses of values with their derivatives by autograd.
"""

import json
import os

import numpy as np
import torch
import transformers

import gradients
import models
from gradients import LENGTH, ROWS, batch, documents, exactly, words
from models import HERE, normals

OUT = os.path.join(HERE, "scores")
HEAD = "cls.output.weight"
CASES = {"llama": "both", "gpt2": "both", "gemma2": "both", "qwen2": "scores"}
PADDING = 0


def score_weights():
    return ((words("scores weights", ROWS * LENGTH) % 16 - 7.5) / 8).reshape(ROWS, LENGTH)


def head(hidden):
    return torch.from_numpy(normals(HEAD, (1, hidden), 0.0, 1 / np.sqrt(hidden + 1)))


class ScoredRun(gradients.Run):
    """A network with a head of scores; `scores` are those of the last call of `token_losses`."""

    def __init__(self, name, dtype):
        super().__init__(dict(network=name, labelSmoothing=0.0, zLoss=0.0), dtype)
        self.leaves[HEAD] = head(self.model.config.hidden_size).to(dtype).requires_grad_()
        self.backbone = self.model.base_model

    def scores(self):
        rows = []
        for row in range(ROWS):
            parts = []
            for r, start, length in documents():
                if r != row:
                    continue
                inputs = torch.zeros(1, LENGTH, dtype=torch.long)
                inputs[0, :length] = torch.from_numpy(batch()[0][row, start:start + length])
                prefix = self.model.base_model_prefix + "."
                state = {k.removeprefix(prefix): v for k, v in self.state.items() if k.startswith(prefix)}
                with exactly(self.dtype):
                    hidden = torch.func.functional_call(
                        self.backbone, state, (inputs,), dict(use_cache=False)).last_hidden_state
                parts.append((hidden[0, :length] @ self.leaves[HEAD].T)[:, 0])
            rows.append(torch.cat(parts))
        return torch.stack(rows)

    def gradients(self, heads):
        scores = self.scores()
        loss = (torch.from_numpy(score_weights()).to(self.dtype) * scores).sum() / (ROWS * LENGTH)
        losses = torch.zeros(ROWS, LENGTH, dtype=self.dtype)
        if heads == "both":
            tokens, losses = self.loss()
            loss = loss + tokens
        used = {n: v for n, v in self.leaves.items() if heads == "both" or n != "output.weight"}
        found = torch.autograd.grad(loss, list(used.values()))
        return loss.item(), losses.detach(), scores.detach(), {n: g.numpy() for n, g in zip(used, found)}


def classifier(name):
    """transformers' own class of the network with one label."""
    net, model = models.build(name)
    config = model.config
    config.num_labels, config.pad_token_id = 1, PADDING
    classified = transformers.AutoModelForSequenceClassification.from_config(config).eval()
    state = {k: v for k, v in model.state_dict().items() if k in classified.state_dict()}
    state["score.weight"] = head(config.hidden_size)
    classified.load_state_dict(state)
    inputs, masks = [], []
    for row, start, length in documents():
        ids = batch()[0][row, start:start + length].tolist()
        assert ids[-1] != PADDING
        inputs.append(ids + [PADDING] * (LENGTH - length))
        masks.append([1] * length + [0] * (LENGTH - length))
    with torch.no_grad():
        logits = classified(torch.tensor(inputs), attention_mask=torch.tensor(masks)).logits[:, 0]
    return type(classified).__name__, sorted(classified.state_dict()), logits.tolist()


def make(name, heads):
    loss, losses, scores, found = ScoredRun(name, torch.float64).gradients(heads)
    loss32, _, _, found32 = ScoredRun(name, torch.float32).gradients(heads)
    tensors, blob, worst = [], [losses.numpy().reshape(-1)], 0.0
    for tensor, gradient in found.items():
        flat = gradient.reshape(-1)
        norm = float(np.linalg.norm(flat))
        assert np.isfinite(norm) and norm > 1e-6, (name, tensor, norm)
        worst = max(worst, float(np.linalg.norm(found32[tensor].reshape(-1) - flat)) / norm)
        tensors.append({"name": tensor, "shape": list(gradient.shape), "norm": norm,
                        "projections": [float(flat @ gradients.signs(tensor, k, flat.size))
                                        for k in range(gradients.PROJECTIONS)]})
        blob.append(flat if flat.size <= gradients.WHOLE
                    else flat[words(f"elements {tensor}", gradients.ELEMENTS) % flat.size])
    class_name, state_names, sequence_scores = classifier(name)
    ends = [row * LENGTH + start + length - 1 for row, start, length in documents()]
    assert np.allclose(scores.reshape(-1)[ends].numpy(), sequence_scores, atol=1e-4), name
    with open(os.path.join(OUT, name + ".json"), "w") as file:
        json.dump({"name": name, "network": name, "labelSmoothing": 0.0, "zLoss": 0.0, "head": heads, "loss": loss,
                   "float32Error": worst, "float32LossError": abs(loss32 - loss) / abs(loss),
                   "scoreWeights": score_weights().reshape(-1).tolist(), "tokenScores": scores.reshape(-1).tolist(),
                   "className": class_name, "stateNames": state_names, "sequenceScores": sequence_scores,
                   "tensors": tensors, "versions": versions()}, file, separators=(",", ":"))
        file.write("\n")
    np.concatenate(blob).astype("<f4").tofile(os.path.join(OUT, name + ".f32"))
    print(f"{name}, {heads}: loss {loss:.6f}, {len(tensors)} tensors, float32 is off by {worst:.1e}, {class_name}")


def versions():
    return {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__}


def advantages():
    """By the definition, a sum over all that follows (Schulman et al. 2016, equation 16): nothing here runs backwards."""
    cases = []
    family = words("advantages", 4096) / 2**32 * 4 - 2
    place = 0
    for length, gamma, lam in [(1, 1.0, 0.95), (7, 1.0, 1.0), (7, 0.9, 0.0), (24, 0.99, 0.95), (12, 0.0, 0.5)]:
        rewards, values = family[place:place + length], family[place + length:place + 2 * length]
        place += 2 * length
        after = np.append(values[1:], 0.0)
        delta = rewards + gamma * after - values
        result = [sum((gamma * lam) ** (l - t) * delta[l] for l in range(t, length)) for t in range(length)]
        cases.append({"gamma": gamma, "lambda": lam, "rewards": rewards.tolist(), "values": values.tolist(),
                      "advantages": result})
    return cases


def value_losses():
    cases = []
    family = words("values", 4096) / 2**32 * 4 - 2
    for index in range(40):
        value, old, target = family[3 * index:3 * index + 3]
        clip = [None, 0.2, 0.5, 1.0][index % 4]
        v = torch.tensor(value, dtype=torch.float64, requires_grad=True)
        loss = (v - target) ** 2
        if clip is not None:
            loss = torch.maximum(loss, (torch.clamp(v, old - clip, old + clip) - target) ** 2)
        loss = 0.5 * loss
        cases.append({"value": value, "old": old, "target": target, "clip": clip, "loss": loss.item(),
                      "derivative": torch.autograd.grad(loss, v)[0].item()})
    return cases


if __name__ == "__main__":
    for name, heads in CASES.items():
        make(name, heads)
    with open(os.path.join(OUT, "values.json"), "w") as file:
        json.dump({"advantages": advantages(), "losses": value_losses(), "versions": versions()}, file,
                  separators=(",", ":"))
        file.write("\n")
