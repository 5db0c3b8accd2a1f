#!/usr/bin/env python3
"""Trains byte-level BPE tokenizers with Hugging Face's library for Tests/ApusDataTests/TokenizerTraining.

Writes Tests/Fixtures/bpe/documents.bin, texts that end with a NUL byte each, and expected.json. For each case of it: the pattern,
the options, which documents were trained on, the merges in order (two pieces with a space between them), how many tokens
there are, and the ids of sample texts, control tokens where they are spelled.

The documents are made here with a fixed seed. They have many pairs that are equally frequent, letters outside of ASCII, runs
of spaces, digits, contractions and CRLF, so that every rule of order and of cutting decides something.

Usage: pip install tokenizers==0.23.3; python3 Tests/Fixtures/bpe.py
With --random N it trains on N random texts with a program given by --apus instead and stops at the first difference; see
the end of the file.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import tokenizers
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

assert tokenizers.__version__ == "0.23.3"
HERE = pathlib.Path(__file__).parent / "bpe"
SPECIAL = "<|endoftext|>"

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
PATTERNS = {
    name: CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + digits
    + r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    for name, digits in (("llama3", "{1,3}"), ("qwen2", ""))
}


def train(documents, pattern, vocabulary, frequency, specials):
    tokenizer = Tokenizer(models.BPE())
    if pattern == "gpt2":
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    else:
        split = pre_tokenizers.Split(Regex(PATTERNS[pattern]), behavior="isolated")
        bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, bytes_only])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, min_frequency=frequency, special_tokens=specials, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.train_from_iterator(documents, trainer)
    return tokenizer


def model(text):
    content = json.loads(text)["model"]
    return content["vocab"], [" ".join(merge) for merge in content["merges"]]


def make_documents():
    r = random.Random(16)
    syllables = ["ba", "na", "an", "ab", "tro", "sti", "ing", "er", "ée", "ß", "шт", "ко", "中", "文字", "か", "한", "é", "🚀", "👩‍🚀"]
    words = ["".join(r.choice(syllables) for _ in range(r.randint(1, 4))) for _ in range(160)]
    ends = ["", "", "", ".", ",", "!", "?...", "'s", "'re", "'LL", "'t", "’s", ")", " (", ";\r\n", ".\n", "\n\n", "\r\n\r\n  ",
            "  ", "\t", "\u00a0", "\u3000", " \n ", "\u200b", "\u0301"]

    def prose(count):
        parts = []
        for _ in range(count):
            word = words[min(int(r.expovariate(0.03)), len(words) - 1)]
            word = r.choice([word, word, word, word.capitalize(), word.upper(), str(r.randint(0, 20_000)), "1234567890"])
            parts.append(word + r.choice(ends) + r.choice([" ", " ", " ", " ", "  ", ""]))
        return "".join(parts)

    # Every pair of letters equally often: only the order of ids decides.
    letters = "abcdefghij"
    ties = " ".join(a + b for a in letters for b in letters) + "\n"
    runs = " ".join(c * n for c in "xyz=-" for n in range(1, 14)) + " " * 40 + "end" + "\n" * 9
    code = "".join(f"{' ' * (4 * (i % 5))}if (x{i} == {i * 37}) {{ return \"it's\"; }}\r\n" for i in range(60))
    short = ["", "a", " ", "\n", "é", "banana bandana", "the\nend of text <|endoftext|> end"]
    return [prose(1_600), ties * 3, runs, code, prose(200)] + short


SAMPLES = [
    "", " ", "a", "banana's BANANA'LL  12345 x\r\n\r\n  y\t.", "中文字か한 ée ß штко 🚀👩‍🚀 e\u0301", "xxxxxxxxxxxxxxxxxxxxxxx ======== ---",
    "if (x12 == 444) { return \"it's\"; }\r\n", "before <|endoftext|> after", "\u00a0\u3000 \n \u200b", "\x00\x01\x7f naïve", " " * 70 + "end\n\n\n\n",
]


def fixture():
    documents = make_documents()
    everything = list(range(len(documents)))
    cases = []
    for pattern, vocabulary, frequency, specials, chosen in [
        ("gpt2", 900, 2, [SPECIAL], everything),
        ("llama3", 700, 2, [SPECIAL], everything),
        ("qwen2", 600, 1, ["<s>", "</s>", "<｜pad｜>"], everything),
        ("gpt2", 100_000, 2, [], [1, 2]),
        ("gpt2", 100_000, 40, [SPECIAL], everything),
        ("gpt2", 400, 1, [SPECIAL, "an", "ing"], everything),
        ("gpt2", 257, 2, [SPECIAL], everything),
        ("llama3", 100_000, 1, [], [5, 6, 7, 8, 9, 10]),
    ]:
        tokenizer = train([documents[i] for i in chosen], pattern, vocabulary, frequency, specials)
        vocab, merges = model(tokenizer.to_str())
        cases.append({
            "pattern": pattern, "vocabulary": vocabulary, "frequency": frequency, "specials": specials,
            "documents": chosen, "tokens": len(vocab), "merges": merges,
            "ids": [tokenizer.encode(text).ids for text in SAMPLES],
        })
    HERE.mkdir(exist_ok=True)
    (HERE / "documents.bin").write_bytes("".join(d + "\0" for d in documents).encode())
    (HERE / "expected.json").write_text(
        json.dumps({"samples": SAMPLES, "cases": cases}, ensure_ascii=True, separators=(",", ":")) + "\n")


def compare(apus, count):
    """Random texts over small alphabets, through the program `apus data tokenizer`."""
    alphabets = ["ab", "abc", "aab \n", "ab c", "aé ", "abcdefgh  ", "a' stdrevlm.1", "中a文。 \r\n", "ab\u00a0\u2003 .\n", "aA1 '\n\r."]
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(count):
            r = random.Random(seed)
            alphabet = r.choice(alphabets)
            longest = r.choice([4, 12, 40, 200])
            words = ["".join(r.choice(alphabet) for _ in range(r.randint(1, longest))) for _ in range(r.randint(1, 200))]
            text = r.choice([" ", "\n", ""]).join(words)
            pattern, frequency = r.choice(["gpt2", "llama3", "qwen2"]), r.randint(1, 3)
            vocabulary = r.choice([260, 300, 400, 800, 3000])
            path = pathlib.Path(folder) / "text.txt"
            path.write_text(text, newline="")
            subprocess.run(
                [apus, "data", "tokenizer", path, "--vocabulary", str(vocabulary), "--output", folder, "--min-frequency",
                 str(frequency), "--special", SPECIAL, "--pattern", pattern, "--force"], check=True, capture_output=True)
            ours = model((pathlib.Path(folder) / "tokenizer.json").read_text())
            if ours != model(train([text], pattern, vocabulary, frequency, [SPECIAL]).to_str()):
                sys.exit(f"seed {seed}: pattern {pattern}, vocabulary {vocabulary}, frequency {frequency}: different")
    print(f"{count} random texts: the same pieces and merges")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--apus", help="the program")
    parser.add_argument("--random", type=int, metavar="N")
    arguments = parser.parse_args()
    if arguments.random:
        compare(arguments.apus, arguments.random)
    else:
        fixture()
