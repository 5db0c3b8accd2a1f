#!/usr/bin/env python3
"""A large comparison for development machines, not part of the ordinary tests: encodes many random texts in many
scripts with Hugging Face tokenizers, or SentencePiece for its kind, built from the vocabulary of real GGUF files, for
the test TokenizerPeerTests to compare (set APUS_TOKENIZER_PEERS to the output directory).

Usage: pip install tokenizers==0.23.3 sentencepiece==0.2.3 gguf==0.19.0
       python3 Tests/Fixtures/tokenizers_compare.py OUTPUT_DIRECTORY FILE.gguf …
"""

import pathlib
import random
import struct
import sys

import gguf
import sentencepiece
import tokenizers
from tokenizers import models, pre_tokenizers

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|"
TAIL = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
PATTERNS = {
    "gpt-2": None,
    "llama-bpe": CONTRACTIONS + r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + TAIL,
    "qwen2": CONTRACTIONS + r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + TAIL,
}

RANGES = [(0x20, 0x7E)] * 6 + [
    (0xA0, 0x17F), (0x370, 0x3FF), (0x400, 0x4FF), (0x530, 0x58F), (0x590, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F),
    (0x980, 0x9FF), (0xB80, 0xBFF), (0xE00, 0xE7F), (0x10A0, 0x10FF), (0x1780, 0x17FF), (0x1E00, 0x1FFF),
    (0x2000, 0x206F), (0x20A0, 0x22FF), (0x2500, 0x27BF), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3),
    (0xFF00, 0xFFEF), (0x1F300, 0x1F64F), (0x1F900, 0x1F9FF),
]
WORDS = ("the of and to in is you that it he was for on are as with his they I at be this have from or one had by word "
         "but not what all were we when your can said there use an each which she do how their if will up other about "
         "function return import class def self struct let var print length null true false 0x1F 3.14159 12,345 "
         "größer Straße école naïve señor мир привет 世界 こんにちは 안녕하세요 नमस्ते สวัสดี שלום مرحبا").split()


def texts(count):
    random_ = random.Random(17)
    for _ in range(count):
        parts = []
        for _ in range(random_.randint(1, 30)):
            kind = random_.random()
            if kind < 0.6:
                parts.append(random_.choice(WORDS))
            elif kind < 0.8:
                low, high = random_.choice(RANGES)
                parts.append("".join(chr(random_.randint(low, high)) for _ in range(random_.randint(1, 8))))
            else:
                parts.append(random_.choice(["'s", "'LL", "\n", "\n\n", "\r\n", "\t", "  ", "    ", "...", "!!", "```", "1234567"]))
        yield random_.choice([" ", " ", "", "\n"]).join(parts)


def varint(value):
    result = b""
    while value > 127:
        result += bytes([value & 127 | 128])
        value >>= 7
    return result + bytes([value])


def field(number, value):
    """A field of a protobuf message."""
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    return varint(number << 3) + varint(value)


def sentence_piece(reader, strings):
    """SentencePiece's byte-pair model with the pieces, scores and types of a file."""
    def numbers(key):
        array = reader.fields[key]
        return [array.parts[i][0].item() for i in array.data]

    model = b"".join(
        field(1, field(1, piece.encode()) + field(2, float(score)) + field(3, kind))
        for piece, score, kind in zip(strings("tokenizer.ggml.tokens"), numbers("tokenizer.ggml.scores"),
                                      numbers("tokenizer.ggml.token_type")))
    # trainer_spec: model_type BPE, byte_fallback; normalizer_spec: identity, a space before, all spaces kept.
    model += field(2, field(3, 2) + field(35, 1) + field(40, 0) + field(41, 1) + field(42, 2))
    model += field(3, field(1, b"identity") + field(3, 1) + field(4, 0) + field(5, 1))
    return sentencepiece.SentencePieceProcessor(model_proto=model)


def hugging_face(strings):
    pre = strings("tokenizer.ggml.pre")[0]
    merges = [tuple(merge.split(" ")) for merge in strings("tokenizer.ggml.merges")]
    vocabulary = {}
    for id, token in enumerate(strings("tokenizer.ggml.tokens")):
        vocabulary.setdefault(token, id)
    tokenizer = tokenizers.Tokenizer(models.BPE(vocabulary, merges, ignore_merges=pre == "llama-bpe"))
    if PATTERNS[pre] is None:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Split(tokenizers.Regex(PATTERNS[pre]), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    return tokenizer


def main():
    output = pathlib.Path(sys.argv[1])
    for path in sys.argv[2:]:
        reader = gguf.GGUFReader(path)

        def strings(key):
            field = reader.fields[key]
            return [str(bytes(field.parts[i]), "utf-8") for i in field.data]

        if strings("tokenizer.ggml.model")[0] == "llama":
            encode = sentence_piece(reader, strings).encode
        else:
            tokenizer = hugging_face(strings)

            def encode(text):
                return tokenizer.encode(text, add_special_tokens=False).ids

        name = pathlib.Path(path).stem
        with open(output / f"{name}.peer", "wb") as file:
            for text in texts(50_000):
                data = text.encode()
                ids = encode(text)
                file.write(struct.pack(f"<II{len(ids)}i", len(data), len(ids), *ids) + data)
        (output / f"{name}.path").write_text(str(pathlib.Path(path).resolve()))


main()
