#!/usr/bin/env python3
"""Makes the adapters, logits and gradients that Apus's low-rank adapters are tested against.

The networks are those of models.py. PEFT puts an adapter into each, whose numbers are Philox normals keyed by PEFT's own
names for its tensors; PEFT saves it; transformers runs it in float64 on the prompt of models.py, and on the packed batch of
gradients.py, whose loss's gradients by A and B autograd takes.

    pip install torch==2.15.0 transformers==5.23.0 peft==0.21.2 safetensors==0.8.0 numpy==2.4.6 gguf==0.19.0
    python Tests/Fixtures/adapters.py [--llama-cpp DIR]

Written to adapters/NAME/: adapter_config.json and adapter_model.safetensors, as PEFT saves them; logits.f32,
little-endian floats [tokens, vocabulary]; gradients.safetensors, float32 under the names of the adapter's tensors;
expected.json, the loss and what the case is made of. With --llama-cpp also llamacpp.gguf, as convert_lora_to_gguf.py of
that source tree makes it of the adapter; without, the one that is there stays.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import peft
import safetensors.torch
import torch
import transformers

import gradients
import models
from models import HERE, normals

OUT = os.path.join(HERE, "adapters")
CASES = {
    "llama": dict(r=4, lora_alpha=8, use_rslora=False, target_modules="all-linear"),
    "gpt2": dict(r=3, lora_alpha=5, use_rslora=True, target_modules=["c_attn", "mlp.c_proj"], fan_in_fan_out=True),
}


def adapted(name):
    """The network in float64 with its adapter."""
    with gradients.exactly(torch.float64):
        _, model = models.build(name)
        model = model.to(torch.float64)
        model = peft.get_peft_model(model, peft.LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, **CASES[name]))
    for key, value in peft.get_peft_model_state_dict(model).items():
        # Sizes at which the change of the logits is as large as they are.
        numbers = normals(key, tuple(value.shape), 0.0, 1.0 / value.shape[-1] ** 0.5)
        value.data.copy_(torch.from_numpy(numbers))
    return model.eval()


def logits(model, ids):
    with gradients.exactly(torch.float64):
        return model(torch.tensor([ids]), use_cache=False).logits[0]


def loss(model):
    """The loss of gradients.py's batch; every document by itself."""
    tokens, targets, weights = gradients.batch()
    total, sum_of_weights = 0.0, 0.0
    for row, start, length in gradients.documents():
        part = slice(start, start + length)
        wanted = torch.from_numpy(targets[row, part])
        counts = torch.from_numpy(np.where(targets[row, part] >= 0, weights[row, part], 0))
        log_p = torch.log_softmax(logits(model, tokens[row, part].tolist()), -1)
        total = total - (counts * log_p.gather(-1, wanted.clamp(min=0)[:, None])[:, 0]).sum()
        sum_of_weights += counts.sum()
    return total / sum_of_weights


def make(name):
    folder = os.path.join(OUT, name)
    model = adapted(name)
    state = peft.get_peft_model_state_dict(model)
    with torch.no_grad():
        out = logits(model, models.tokens()).numpy()
        with model.disable_adapter():
            plain = logits(model, models.tokens()).numpy()
    for value in model.parameters():
        value.requires_grad_(False)
    parameters = {key: value for key, value in model.named_parameters() if ".lora_" in key}
    for value in parameters.values():
        value.requires_grad_(True)
    total = loss(model)
    found = torch.autograd.grad(total, list(parameters.values()))
    by_name = {key.replace(".default", ""): value.float().contiguous() for key, value in zip(parameters, found)}
    assert set(by_name) == set(state), set(by_name) ^ set(state)
    assert all(value.norm() > 1e-6 for value in by_name.values())
    model.to(torch.float32).save_pretrained(folder)
    os.remove(os.path.join(folder, "README.md"))
    out.astype("<f4").tofile(os.path.join(folder, "logits.f32"))
    safetensors.torch.save_file(by_name, os.path.join(folder, "gradients.safetensors"))
    with open(os.path.join(folder, "expected.json"), "w") as file:
        json.dump({"network": name, "loss": total.item(), "change": float(np.abs(out - plain).max()),
                   "versions": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__,
                                "peft": peft.__version__}}, file, separators=(",", ":"))
        file.write("\n")
    size = sum(os.path.getsize(os.path.join(folder, file)) for file in os.listdir(folder))
    print(f"{name}: loss {total.item():.6f}, logits up to {np.abs(out).max():.2f}, "
          f"changed by {np.abs(out - plain).max():.2f}, {len(by_name)} tensors, {size} bytes")


def convert(name, source):
    """The adapter as llama.cpp's converter writes it."""
    folder = os.path.join(OUT, name)
    with tempfile.TemporaryDirectory() as base:
        models.build(name)[1].save_pretrained(base)
        subprocess.run([sys.executable, os.path.join(source, "convert_lora_to_gguf.py"), "--base", base, "--outtype", "f32",
                        "--outfile", os.path.join(folder, "llamacpp.gguf"), folder], check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--llama-cpp", metavar="DIR")
    arguments = parser.parse_args()
    for case in CASES:
        make(case)
        # GPT-2's matrices it would turn, though PEFT has them the right way already.
        if arguments.llama_cpp and case != "gpt2":
            convert(case, arguments.llama_cpp)
