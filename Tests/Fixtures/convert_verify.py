#!/usr/bin/env python3
"""Shows that `apus convert` loses nothing: transformers, Apus and llama.cpp give the same logits and the same tokens.

For every network of models.py, saved by `save_pretrained` with a tokenizer:

1. folder to GGUF: `apus logits` of both are the same bits, and transformers' to 1e-4 of the largest logit;
2. that GGUF back to a folder: `from_pretrained` loads it, with the same weights and logits and the same tokens;
3. llama.cpp loads the GGUF: its logits (1e-5 of the largest, 1e-3 where GELU comes from its table) and its tokens;
4. for some networks in f16, bf16 and q8_0: the blocks of the gguf package, and folders whose weights are rounded once.

It needs the packages of models.py, tokenizers==0.23.3, and llama.cpp's library with its Python bindings
(Benchmarks/peers/setup.sh makes both); without --library the third step is left out.

    python Tests/Fixtures/convert_verify.py --apus .build/release/apus \\
        [--library FOLDER_OF_LIBLLAMA --bindings LLAMA_CPP_PYTHON] [NAME ...]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import gguf
import numpy as np
import tokenizers
import torch
import transformers

import models

TEXTS = ["Once upon a time, there was a little girl.", "  two spaces\n\nlines\t tabs", "naïve café 12345 ümlaut 你好 🙂",
         "a b  c   d", "<s>not special</s>"]
TEMPLATE = "{% for m in messages %}<s>{{ m['content'] }}</s>{% endfor %}"
# Where llama.cpp is a different network: positions from here on are not compared (see models_verify.py).
COMPARED_POSITIONS = {"mistral": 8, "phi3-window": 8}
GELU = {"gemma2", "gemma3", "gemma3-linear", "gpt2"}
OTHER_TYPES = {"llama": ("f16", "bf16", "q8_0"), "gpt2": ("f16", "q8_0"), "gemma3": ("bf16",)}


def corpus():
    return [" ".join(TEXTS), "the quick brown fox jumps over the lazy dog " * 8, "she said that there was a time when"]


def byte_tokenizer(digits):
    """Byte pairs of bytes, smaller than the embedding; numbers are cut as the pattern `digits` says."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Sequence([
        tokenizers.pre_tokenizers.Split(
            tokenizers.Regex(
                r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|" + digits
                + r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"),
            "isolated"),
        tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.train_from_iterator(corpus(), tokenizers.trainers.BpeTrainer(
        vocab_size=310, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    return tokenizer


def piece_tokenizer():
    """SentencePiece's byte pairs as transformers writes them for Llama 2: every way to make a piece is a merge."""
    pieces = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)]
    made = ["th", "the", "▁t", "▁th", "▁the", "in", "▁a", "he", "er", "▁th" + "er", "re", "ti", "im", "me", "time", "tim"]
    pieces += list(dict.fromkeys(["▁"] + [chr(c) for c in range(ord("a"), ord("z") + 1)] + made))
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    merges = []
    for piece in made:
        merges += [(piece[:i], piece[i:]) for i in range(1, len(piece)) if piece[:i] in vocabulary and piece[i:] in vocabulary]
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(
        vocab=vocabulary, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = tokenizers.normalizers.Sequence([
        tokenizers.normalizers.Prepend("▁"), tokenizers.normalizers.Replace(" ", "▁")])
    tokenizer.decoder = tokenizers.decoders.Sequence([
        tokenizers.decoders.Replace("▁", " "), tokenizers.decoders.ByteFallback(), tokenizers.decoders.Fuse(),
        tokenizers.decoders.Strip(" ", 1, 0)])
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    return tokenizer


def save(name, folder):
    net, model = models.build(name)
    # Families of SentencePiece's models get such a tokenizer; every other one has bytes. Of Qwen 2's folders
    # transformers 5 cuts text by Qwen 2's pattern, whatever tokenizer.json says.
    pieces = name in ("llama", "mistral", "gemma2", "phi3")
    made = piece_tokenizer() if pieces else byte_tokenizer(r"\p{N}" if name.startswith("qwen2") else r"\p{N}{1,3}")
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<s>", eos_token="</s>", unk_token="<unk>",
        clean_up_tokenization_spaces=False)
    tokenizer.chat_template = TEMPLATE
    model.config.bos_token_id, model.config.eos_token_id = 1, 2
    model.generation_config = transformers.GenerationConfig(
        bos_token_id=1, eos_token_id=[2, 0], do_sample=True, temperature=0.7, top_k=20)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return net, model, tokenizer


def transformers_logits(model, ids):
    with torch.no_grad():
        return model.float()(torch.tensor([ids])).logits[0].numpy()


class Apus:
    def __init__(self, path, scratch):
        self.path, self.scratch = os.path.abspath(path), scratch

    def run(self, *arguments):
        result = subprocess.run([self.path, *arguments], capture_output=True, text=True)
        assert result.returncode == 0, (arguments, result.stderr)
        return result.stdout

    def logits(self, model, ids):
        out = os.path.join(self.scratch, "logits.npy")
        self.run("logits", model, "--ids", ",".join(map(str, ids)), "--out", out, "--cache-type", "f32", "-c", str(len(ids)))
        return np.load(out)

    def tokens(self, model, text):
        path = os.path.join(self.scratch, "text")
        with open(path, "w", newline="") as file:
            file.write(text)
        return json.loads(self.run("tokenize", model, "--ids", "-f", path))


def error(a, b, positions=None):
    a, b = a[:positions], b[:positions]
    return float(np.abs(a - b).max() / np.abs(b).max())


def llama_cpp_open(path, net, name):
    import llama_cpp

    override = {f"{net.arch}.rope.scaling.original_context_length": 256} if name == "phi3-short" else None
    return llama_cpp.Llama(
        path, n_ctx=256, logits_all=True, verbose=False, n_threads=1, type_k=0, type_v=0, flash_attn=False, swa_full=True,
        kv_overrides=override)


def verify(name, apus, scratch, with_llama):
    faults = []

    def check(what, found, limit):
        if not found <= limit:
            faults.append(f"{what}: {found:.1e} > {limit:.1e}")
        return f"{what} {found:.0e}"

    folder, file, back = (os.path.join(scratch, part) for part in ("folder", "model.gguf", "back"))
    net, model, tokenizer = save(name, folder)
    ids = models.tokens()
    reference = transformers_logits(model, ids)
    apus.run("convert", folder, file)
    ours, theirs = apus.logits(folder, ids), apus.logits(file, ids)
    if not np.array_equal(ours.view(np.uint32), theirs.view(np.uint32)):
        faults.append(f"folder and GGUF differ by {error(theirs, ours):.1e}")
    report = [check("apus", error(ours, reference), 1e-4)]

    apus.run("convert", file, back)
    again = transformers.AutoModelForCausalLM.from_pretrained(back, dtype=torch.float32, attn_implementation="eager")
    if type(again) is not type(model):
        faults.append(f"loaded back as {type(again).__name__}")
    state = again.state_dict()
    for key, value in model.state_dict().items():
        # Norms stored less one are rounded once.
        if key not in state or not torch.allclose(state[key].float(), value.float(), rtol=0, atol=6e-8):
            faults.append(f"{key} is not what it was")
            break
    report.append(check("back", error(transformers_logits(again.eval(), ids), reference), 1e-6))
    generation = again.generation_config
    found = (generation.eos_token_id, generation.do_sample, generation.top_k, round(generation.temperature, 6))
    if found[1:] != (True, 20, 0.7) or found[0] not in (2, [2], [2, 0]):
        faults.append(f"generation_config: {found}")

    read = transformers.AutoTokenizer.from_pretrained(back)
    if read.chat_template != TEMPLATE:
        faults.append("chat template lost")
    for text in TEXTS:
        wanted = tokenizer.encode(text)
        if read.encode(text) != wanted:
            faults.append(f"tokens read back of {text!r}: {read.encode(text)}, not {wanted}")
    # Control tokens spelled in a text are not looked for.
    for text in TEXTS[:-1]:
        for place in (folder, file, back):
            if apus.tokens(place, text) != tokenizer.encode(text):
                faults.append(f"apus' tokens of {text!r} in {os.path.basename(place)}: {apus.tokens(place, text)}")

    if with_llama:
        llama = llama_cpp_open(file, net, name)
        llama.eval(ids)
        logits = np.array(llama.scores[: len(ids)], np.float32)
        report.append(check(
            "llama.cpp", error(logits, reference, COMPARED_POSITIONS.get(name)), 1e-3 if name in GELU else 1e-5))
        for text in TEXTS[:-1]:
            tokens = llama.tokenize(text.encode(), add_bos=True, special=False)
            if tokens != tokenizer.encode(text):
                faults.append(f"llama.cpp's tokens of {text!r}: {tokens}, not {tokenizer.encode(text)}")
        if (llama.token_bos(), llama.token_eos()) != (1, 2):
            faults.append(f"llama.cpp's BOS and EOS: {llama.token_bos()}, {llama.token_eos()}")
        if llama.metadata.get("tokenizer.chat_template") != TEMPLATE:
            faults.append("llama.cpp has no chat template")
        llama.close()

    weights = {t.name: np.array(t.data).reshape(t.shape[::-1]) for t in gguf.GGUFReader(file).tensors}
    for kind in OTHER_TYPES.get(name, ()):
        typed = os.path.join(scratch, f"{kind}.gguf")
        apus.run("convert", folder, typed, "--type", kind)
        for tensor in gguf.GGUFReader(typed).tensors:
            whole = weights[tensor.name]
            is_small = whole.ndim == 1 or tensor.name == "position_embd.weight"
            expected = whole if is_small else gguf.quants.quantize(whole, gguf.GGMLQuantizationType[kind.upper()])
            if not np.array_equal(np.array(tensor.data).view(np.uint8).ravel(), expected.view(np.uint8).ravel()):
                faults.append(f"{tensor.name} in {kind} is not what the gguf package makes of it")
        if with_llama:
            # It rounds activations where Apus does not, or otherwise: a figure, not a check.
            llama = llama_cpp_open(typed, net, name)
            llama.eval(ids)
            found = error(np.array(llama.scores[: len(ids)], np.float32), apus.logits(typed, ids))
            report.append(f"{kind} llama.cpp {found:.0e}")
            llama.close()
        if kind != "q8_0":
            place = os.path.join(scratch, f"{kind}-folder")
            apus.run("convert", typed, place)
            loaded = transformers.AutoModelForCausalLM.from_pretrained(place, attn_implementation="eager")
            dtype = {"f16": torch.float16, "bf16": torch.bfloat16}[kind]
            state, exact = loaded.state_dict(), model.state_dict()
            # Norms stored less one are rounded to one type less.
            different = [k for k in exact if "norm" not in k and not torch.equal(state[k], exact[k].to(dtype))]
            if loaded.dtype != dtype or different:
                faults.append(f"{kind}: loaded as {loaded.dtype}; other weights: {different[:3]}")
    return report, faults


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--apus", required=True)
    parser.add_argument("--library")
    parser.add_argument("--bindings")
    parser.add_argument("names", nargs="*")
    o = parser.parse_args()
    if o.library:
        os.environ["LLAMA_CPP_LIB_PATH"] = os.path.abspath(o.library)
        sys.path[:0] = [os.path.abspath(o.bindings)]
    transformers.logging.set_verbosity_error()
    failed = False
    for name in o.names or models.FAMILIES:
        with tempfile.TemporaryDirectory() as scratch:
            report, faults = verify(name, Apus(o.apus, scratch), scratch, bool(o.library))
        failed |= bool(faults)
        print(f"{name:14} {'FAILED' if faults else 'ok':7} {', '.join(report)}", flush=True)
        for fault in faults:
            print(f"    {fault}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
