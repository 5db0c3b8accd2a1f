"""The tokenizers of embeddings.py's networks: tokenizer.json and tokenizer_config.json of the smallest WordPiece and
byte-level vocabularies that can spell anything, made without `tokenizers` and read by it."""

import functools
import json
import string

from models import VOCABULARY

WORDPIECE_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
BYTES_SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def byte_alphabet():
    """GPT-2's letter for each byte: itself where it prints, else the next letter from U+0100 on."""
    printing = {*range(33, 127), *range(161, 173), *range(174, 256)}
    letters, next_letter = [], 256
    for byte in range(256):
        letters.append(chr(byte if byte in printing else next_letter))
        next_letter += byte not in printing
    return letters


def template(single, pair, ids):
    def parts(text):
        return [{"Sequence": {"id": p[1], "type_id": int(p[2:])}} if p[0] == "$" else
                {"SpecialToken": {"id": p.rsplit(":", 1)[0], "type_id": int(p.rsplit(":", 1)[1])}}
                for p in text.split()]
    used = {p.rsplit(":", 1)[0] for p in (single + " " + pair).split() if p[0] != "$"}
    return {"type": "TemplateProcessing", "single": parts(single), "pair": parts(pair),
            "special_tokens": {t: {"id": t, "ids": [ids[t]], "tokens": [t]} for t in sorted(used)}}


def tokenizer_json(specials, **parts):
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {"version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [{"id": i, "content": t, **flags} for i, t in enumerate(specials)], **parts}


def wordpiece():
    letters = string.ascii_lowercase + string.digits
    pieces = WORDPIECE_SPECIALS + list(letters) + ["##" + c for c in letters] + list("!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~\\")
    pieces += ["the", "what", "small", "bird", "##s", "##ing", "##ine", "##all", "is", "it"]
    pieces = list(dict.fromkeys(pieces))
    pieces += [f"[unused{i}]" for i in range(VOCABULARY - len(pieces))]
    ids = {p: i for i, p in enumerate(pieces)}
    return {
        "tokenizer.json": tokenizer_json(
            WORDPIECE_SPECIALS,
            normalizer={"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                        "strip_accents": None, "lowercase": True},
            pre_tokenizer={"type": "BertPreTokenizer"},
            post_processor=template("[CLS]:0 $A0 [SEP]:0", "[CLS]:0 $A0 [SEP]:0 $B1 [SEP]:1", ids),
            decoder={"type": "WordPiece", "prefix": "##", "cleanup": True},
            model={"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                   "max_input_chars_per_word": 100, "vocab": ids}),
        "tokenizer_config.json": {
            "tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 128, "cls_token": "[CLS]",
            "mask_token": "[MASK]", "pad_token": "[PAD]", "sep_token": "[SEP]", "unk_token": "[UNK]"}}


def byte_level(end_only):
    """`end_only`: as Qwen3-Embedding, a text gets an end and no beginning."""
    letters = byte_alphabet()
    space = letters[32]
    merges = [[space, c] for c in string.ascii_lowercase]
    merges += [list(m) for m in ("th", "he", "in", "er", "an", "re", "on", "at", "en", "nd", "ti", "es", "or", "te", "of",
                                 "ed", "is", "it", "al", "ar", "st", "to", "nt", "ng", "se", "ha", "as", "ou", "io", "le",
                                 "ve", "co", "me")]
    pieces = BYTES_SPECIALS + letters + [a + b for a, b in merges]
    assert len(pieces) == len(set(pieces)) == VOCABULARY, len(pieces)
    ids = {p: i for i, p in enumerate(pieces)}
    shapes = ("$A0 </s>:0", "$A0 $B0 </s>:0") if end_only else ("<s>:0 $A0 </s>:0", "<s>:0 $A0 </s>:0 </s>:0 $B0 </s>:0")
    return {
        "tokenizer.json": tokenizer_json(
            BYTES_SPECIALS, normalizer=None,
            pre_tokenizer={"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
            post_processor=template(*shapes, ids),
            decoder={"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            model={"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                   "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                   "vocab": ids, "merges": [" ".join(m) for m in merges]}),
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 128, "bos_token": "<s>", "eos_token": "</s>",
            "pad_token": "<pad>", "unk_token": "<unk>"}}


TOKENIZERS = {"wordpiece": wordpiece(), "bytes": byte_level(False), "bytes-end": byte_level(True)}


@functools.cache
def reader(kind):
    from tokenizers import Tokenizer
    return Tokenizer.from_str(json.dumps(TOKENIZERS[kind]["tokenizer.json"]))


def encode(kind, parts):
    return reader(kind).encode(*parts)


def add_to_gguf(writer, kind):
    """The vocabulary under llama.cpp's keys."""
    content = TOKENIZERS[kind]["tokenizer.json"]
    vocabulary, specials = list(content["model"]["vocab"]), {t["content"] for t in content["added_tokens"]}
    types = [3 if p in specials else 1 for p in vocabulary]
    if kind == "wordpiece":
        writer.add_tokenizer_model("bert")
        writer.add_tokenizer_pre("default")
        vocabulary = [p if p in specials else p[2:] if p.startswith("##") else "\u2581" + p for p in vocabulary]
        writer.add_pad_token_id(0)
        writer.add_unk_token_id(1)
        writer.add_bos_token_id(2)  # [CLS]: llama.cpp has it as the beginning
        writer.add_uint32("tokenizer.ggml.cls_token_id", 2)
        writer.add_sep_token_id(3)
        writer.add_mask_token_id(4)
    else:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("gpt-2")
        writer.add_token_merges(content["model"]["merges"])
        writer.add_bos_token_id(0)
        writer.add_pad_token_id(1)
        writer.add_eos_token_id(2)
        writer.add_sep_token_id(2)
        writer.add_unk_token_id(3)
        writer.add_add_bos_token(kind == "bytes")
        writer.add_add_eos_token(True)
    writer.add_token_list(vocabulary)
    writer.add_token_types(types)
