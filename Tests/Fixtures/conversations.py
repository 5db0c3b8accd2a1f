#!/usr/bin/env python3
"""Makes what Apus's supervised fine-tuning is tested against: masks by transformers, losses by PyTorch.

    pip install torch==2.15.0 transformers==5.23.0 tokenizers==0.23.3 jinja2==3.1.6 numpy==2.4.6
    python Tests/Fixtures/conversations.py

conversations/masks.json: conversations, their tokens through conversations/marked.jinja and the tokenizer
tokenizer_json/bytes-qwen.json, and the mask of `apply_chat_template(..., return_assistant_tokens_mask=True)`.

conversations/curve.json: 50 steps of the llama network of models.py, its matrices divided by 16, on a dozen documents of ids
whose tokens are of a kind: 0 prompt, 1 answer, 2 reasoning. Each step sees all documents, one after the other, so that none
sees another. With w the weight of the kind of the token that is predicted, the loss is Σ w · −log p / Σ w over all of them.
Clipped to a norm of 1, AdamW with the numbers in the file, decay for matrices only, the same rate in each step.

Document d has, with w the words of the Philox family of key FNV-1a("conversations") from block 16 · d on, 5 + w₀ mod 27 tokens;
x₀ = w₁ mod 64 and xᵢ = (5 · xᵢ₋₁ + 7 + 11 · (wᵢ₊₁ mod 2)) mod 64. It is made of rounds of 8 tokens: 3 of prompt, 2 of reasoning,
3 of answer; every third document has no reasoning but answers.
"""

import json
import os

import numpy as np
import torch
import transformers

import models
from gradients import exactly
from models import HERE, fnv1a, philox

OUT = os.path.join(HERE, "conversations")
STEPS, DOCUMENTS, SHRINK, RATE = 50, 12, 16, 2e-3
WEIGHTS = {"assistant": [0.0, 1.0, 1.0], "weighted": [0.125, 1.0, 0.5]}
ADAMW = dict(betas=[0.9, 0.999], epsilon=1e-8)


def message(role, content, **more):
    return {"role": role, "content": content, **more}


CONVERSATIONS = [
    [message("user", "What is 2 + 3?"), message("assistant", "5")],
    [message("system", "You are  brief.\n"), message("user", "Hi\n\n"), message("assistant", "\n\nHello  there!\n"),
     message("user", " 日本 🎉 é"), message("assistant", "Zürich — 日本 🎉.")],
    [message("user", "3 boxes of 4?"), message("assistant", "12", reasoning_content="\n3 boxes × 4 = 12.\n")],
    [message("user", "a"), message("assistant", "b", reasoning_content="c"), message("user", "d"),
     message("assistant", "e"), message("user", "f"), message("assistant", " g ", reasoning_content="h\n\ni")],
    [message("user", ""), message("assistant", " ")],
    [message("user", "assistant\n"), message("assistant", "user\nassistant\nimport os\n\n    print(1)\n")],
]


def masks():
    with open(os.path.join(OUT, "marked.jinja")) as file:
        template = file.read()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=os.path.join(HERE, "tokenizer_json", "bytes-qwen.json"), chat_template=template)
    cases = []
    for messages in CONVERSATIONS:
        made = tokenizer.apply_chat_template(
            messages, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
        ids, mask = made["input_ids"], made["assistant_masks"]
        assert len(ids) == len(mask) and 0 < sum(mask) < len(mask)
        cases.append({"messages": messages, "tokens": ids, "mask": mask})
    return cases


def documents():
    family = philox(np.arange(16 * DOCUMENTS, dtype=np.uint64), fnv1a("conversations")).reshape(DOCUMENTS, 64)
    result = []
    for d, words in enumerate(family.astype(np.int64)):
        ids = [int(words[1] % 64)]
        while len(ids) < 5 + words[0] % 27:
            ids.append(int((5 * ids[-1] + 7 + 11 * (words[len(ids) + 1] % 2)) % 64))
        rounds = [0, 0, 0, 1, 1, 1, 1, 1] if d % 3 == 2 else [0, 0, 0, 2, 2, 1, 1, 1]
        result.append((ids, [rounds[i % 8] for i in range(len(ids))]))
    return result


def train(weights, dtype):
    with exactly(dtype):
        model = models.build("llama")[1].to(dtype)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter /= SHRINK
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW(
        [dict(params=[p for p in parameters if p.dim() == 2], weight_decay=0.1),
         dict(params=[p for p in parameters if p.dim() != 2], weight_decay=0.0)],
        lr=RATE, betas=tuple(ADAMW["betas"]), eps=ADAMW["epsilon"], foreach=False, fused=False)
    losses = []
    texts = documents()
    total = sum(weights[kind] for _, kinds in texts for kind in kinds[1:])
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = 0.0
        for ids, kinds in texts:
            x = torch.tensor([ids])
            with exactly(dtype):
                logits = model(x[:, :-1], use_cache=False).logits[0]
            costs = torch.nn.functional.cross_entropy(logits, x[0, 1:], reduction="none")
            part = (costs * torch.tensor([weights[kind] for kind in kinds[1:]], dtype=dtype)).sum() / total
            part.backward()
            loss += part.item()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(loss)
    return losses


def main():
    with open(os.path.join(OUT, "masks.json"), "w") as file:
        json.dump(masks(), file, separators=(",", ":"), ensure_ascii=False)
        file.write("\n")
    torch.set_num_threads(1)
    curves = {}
    for name, weights in WEIGHTS.items():
        losses, exact = train(weights, torch.float32), train(weights, torch.float64)
        assert losses[-1] < 0.7 * losses[0], losses
        error = max(abs(x - y) / y for x, y in zip(losses, exact))
        print(f"{name:9} loss {losses[0]:.4f} to {losses[-1]:.4f}; float64 is off by {error:.1e}")
        curves[name] = {"weights": weights, "losses": losses, "float64Error": error}
    with open(os.path.join(OUT, "curve.json"), "w") as file:
        json.dump({
            "network": "llama", "shrink": SHRINK, "rate": RATE, "clip": 1.0, "weightDecay": 0.1, **ADAMW,
            "documents": [ids for ids, _ in documents()], "kinds": [kinds for _, kinds in documents()], "curves": curves,
            "versions": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__}},
            file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
