#!/usr/bin/env python3
"""Trains a small tokenizer of every type Apus reads from a `tokenizer.json` and writes them to
Tests/Fixtures/tokenizer_json, with expected.json: texts and, per tokenizer, what the library gives.

For each text: the ids with special tokens added and matched wherever they are spelled (`special`), and without either
(`plain`). For each pair: ids and segments, with special tokens spelled in the texts as plain text. The library's unigram
model makes control tokens even of plain text; Apus never does, so such a text has null and such a pair is left out.

Usage: pip install tokenizers==0.23.3; python3 Tests/Fixtures/tokenizer_json.py
Where pieces are equally frequent the library's trainers choose anew in each run, so all files change together.

With a tokenizer.json and a text as arguments it prints the same for that tokenizer and the paragraphs of the text, for
the test that reads APUS_TOKENIZER_JSON and APUS_TOKENIZER_IDS:
python3 Tests/Fixtures/tokenizer_json.py tokenizer.json text.txt > ids.json
"""

import base64
import json
import pathlib
import struct
import sys

import tokenizers
from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors,
                        trainers)

assert tokenizers.__version__ == "0.23.3"
HERE = pathlib.Path(__file__).parent / "tokenizer_json"
HERE.mkdir(exist_ok=True)

SENTENCES = """
Swifts sleep in the air, and some of them do not land for ten months.
The common swift feeds, drinks and gathers straw for its nest while it flies.
When the young bird leaves the nest it falls, opens its wings, and is a flyer for life.
A tokenizer cuts a text into pieces; the pieces have numbers, and the numbers are all a model ever sees.
Mauersegler schlafen in der Luft, und manche landen zehn Monate lang nicht: großartig!
Les martinets dorment en volant; à l'été, ils crient au-dessus des toits.
Стрижи спят в воздухе и почти никогда не садятся на землю.
アマツバメは飛びながら眠る。雨燕在空中睡觉。칼새는 날면서 잔다.
In 2016 researchers counted 10 months, 274 days, 3,300 hours aloft; 1 bird in 19 never came down.
    if (x == 0) { return; }  // nothing to do
I'm sure they've said it's what we'd do, don't you think she'll come?
""".strip("\n").split("\n")

TEXTS = SENTENCES + [
    "", " ", "  ", "   ", "\n", " \n\n ", "\t", "a", " a", "a ", "  a  b   c  ", "THE SWIFT, The Swift",
    "naïve café résumé Ångström", "nai\u0308ve cafe\u0301 e\u0323\u0302 \u1e69 s\u0307\u0323 \u212b \u0958",
    "İstanbul Straße ΣΊΣΥΦΟΣ", "किताब का", "🚀 lift-off 👩‍🚀🇩🇪 ❤️", "漢字かな交じり文と한국어", "\u1112\u1161\u11ab\u1100\u116e\u11a8",
    "ﬁne ½ ²  full\u3000width Ａ", "tab\tand\r\nline\rbreaks\n\n\nend", "zero\u200bwidth\u00adsoft \ufeffbom \ufffd x\x00y\x01z",
    "can't WON'T I'LL they'Ve", "1234567890 12 3.14 ٣٤", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "swifts" * 30,
    "...!!!???---", "$+<=>^`|~", "▁under▁score _ __", "<s>hello</s>", "[CLS] the bird [SEP] [MASK].",
    "a   <mask>   b", "x <|im_start|>user\nhi<|im_end|>", "<tool>x<tool> nottool", "tool tools tool, atool",
    "The <0x0A> byte", "\u0301alone", "e\u0310\u0301 o\u0315\u0300\u0323\u0302", "q\u0323\u0307 \u00e9\u0323", "a\u00a0b\u2003c\u3000<mask>\u3000d", "Foo FOO foo BAR",
    " ".join(SENTENCES[:4]) + "  two  spaces",
]
PAIRS = [("what sleeps in the air?", "The common swift."), ("", "empty first"), ("empty second", ""), ("é <s>", "[SEP] 🚀"),
         (" a ", "  b ")]

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
SPACE = r"\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = rf"{CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{SPACE}"
QWEN = rf"{CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{SPACE}"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
GPT4O = (rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{CONTRACTIONS}?|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{CONTRACTIONS}?"
         rf"|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{SPACE}")
DEEPSEEK = (r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
            r"| ?[\p{P}\p{S}]+[\r\n]*|" + SPACE)
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
expected = {}


def charsmap():
    """The small compiled normalisation of the fixture that tokenizers_models.py writes."""
    data = (HERE.parent / "tokenizers" / "ugm.gguf").read_bytes()
    key = b"tokenizer.ggml.precompiled_charsmap"
    start = data.index(key) + len(key)
    kind, element, count = struct.unpack_from("<IIQ", data, start)
    assert (kind, element) == (9, 0)
    return data[start + 16:start + 16 + count]


def results(text, texts, pairs):
    """What the tokenizer in the JSON `text` gives."""
    tokenizer = Tokenizer.from_str(text)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    added = json.loads(text)["added_tokens"]
    controls = {token["id"] for token in added if token["special"] and token["content"] not in ("<unk>", "[UNK]")}

    def plain(text):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        return None if set(ids) & controls else ids

    result = {"special": [tokenizer.encode(text).ids for text in texts]}
    tokenizer.encode_special_tokens = True
    result["plain"] = [plain(text) for text in texts]
    encoded = [(pair, tokenizer.encode(*pair)) for pair in pairs if None not in map(plain, pair)]
    result["pairs"] = [{"texts": pair, "ids": found.ids, "segments": found.type_ids} for pair, found in encoded]
    return result


if len(sys.argv) == 3:
    texts = TEXTS + [part for part in pathlib.Path(sys.argv[2]).read_bytes().decode().split("\n\n") if part][:3000]
    result = results(pathlib.Path(sys.argv[1]).read_text(), texts, list(zip(texts, texts[1:])))
    print(json.dumps({"texts": texts, **result}))
    sys.exit()


def finish(name, tokenizer, edit=None):
    """Writes the tokenizer, changed as a file by `edit`, and what it gives."""
    document = json.loads(tokenizer.to_str())
    if edit:
        edit(document)
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    (HERE / f"{name}.json").write_text(text + "\n")
    expected[name] = results(text, TEXTS, PAIRS)


def template(tokenizer, single, pair=None):
    names = {word.split(":")[0] for word in (single + " " + (pair or "")).split() if not word.startswith("$")}
    tokenizer.post_processor = processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=[(name, tokenizer.token_to_id(name)) for name in sorted(names)])


# WordPiece.
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
for cased in [False, True]:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=30))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=not cased)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(SENTENCES, trainers.WordPieceTrainer(
        vocab_size=500, special_tokens=SPECIAL, show_progress=False))
    if cased:
        tokenizer.add_tokens([AddedToken("tool", single_word=True, normalized=False)])
        tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    else:
        template(tokenizer, "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1")
    finish("wordpiece-cased" if cased else "wordpiece-uncased", tokenizer)


# Byte-level byte pairs.
def byte_level(splits, special, normalizer=None, prefix=False, ignore_merges=False):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer
    level = pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=splits is None)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*splits, level]) if splits else level
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(SENTENCES, trainers.BpeTrainer(
        vocab_size=450, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return tokenizer


def split(pattern):
    return pre_tokenizers.Split(Regex(pattern), "isolated")


def string_merges(document):
    document["model"]["merges"] = [" ".join(merge) for merge in document["model"]["merges"]]


def late_special(document):
    """Qwen's order: the special tokens behind the pieces of the model, which do not have them."""
    vocabulary = document["model"]["vocab"]
    special = [token["content"] for token in document["added_tokens"]]
    pieces = [piece for piece in sorted(vocabulary, key=vocabulary.get) if piece not in special]
    document["model"]["vocab"] = {piece: id for id, piece in enumerate(pieces)}
    for index, token in enumerate(document["added_tokens"]):
        token["id"] = len(pieces) + index
    for token in document["post_processor"]["special_tokens"].values():
        token["ids"] = [len(pieces) + special.index(token["tokens"][0])]


tokenizer = byte_level(None, ["<s>", "<pad>", "</s>", "<unk>"], prefix=True)
tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True)])
tokenizer.add_tokens([AddedToken("<tool>", rstrip=True)])
tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=True)
finish("bytes-gpt2", tokenizer, string_merges)

tokenizer = byte_level([split(LLAMA3)], ["<s>", "<|im_end|>"], ignore_merges=True)
tokenizer.post_processor = processors.Sequence([
    processors.ByteLevel(trim_offsets=False),
    processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 0)])])
finish("bytes-llama3", tokenizer, string_merges)

tokenizer = byte_level([split(QWEN)], ["<|im_start|>", "<|im_end|>"], normalizer=normalizers.NFC())
template(tokenizer, "$A <|im_end|>")
finish("bytes-qwen", tokenizer, late_special)

tokenizer = byte_level([split(r"\p{N}{1,3}"), split("[一-龥぀-ゟ゠-ヿ]+"), split(DEEPSEEK)], ["<s>"])
finish("bytes-deepseek", tokenizer)

tokenizer = byte_level([split(GPT4O)], ["<s>"], normalizer=normalizers.Sequence([
    normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents(), normalizers.Strip()]))
tokenizer.add_tokens([AddedToken("FOO"), AddedToken("bar", normalized=False)])
finish("bytes-gpt4o", tokenizer)

tokenizer = byte_level([pre_tokenizers.Digits(individual_digits=True)], ["<s>"])
tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
    [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
finish("bytes-digits", tokenizer)


# Byte pairs of characters.
def characters(normalizer, words, special, fallback=True, vocab_size=500):
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=fallback))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    # Trained on words, as SentencePiece does; used on whole texts.
    training = pre_tokenizers.Split("▁", "merged_with_next")
    tokenizer.pre_tokenizer = training
    tokenizer.train_from_iterator(SENTENCES, trainers.BpeTrainer(
        vocab_size=vocab_size + 256 * fallback, special_tokens=special + BYTES * fallback, limit_alphabet=60,
        show_progress=False))
    document = json.loads(tokenizer.to_str())
    document["added_tokens"] = [token for token in document["added_tokens"] if token["content"] in special]
    tokenizer = Tokenizer.from_str(json.dumps(document))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = words
    return tokenizer


SIGN = normalizers.Replace(" ", "▁")
UNSIGN = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
tokenizer = characters(SIGN, pre_tokenizers.Split(" ", "merged_with_previous"), ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"])
tokenizer.decoder = decoders.Sequence(UNSIGN)
tokenizer.add_tokens([AddedToken("<tool>", normalized=False)])
template(tokenizer, "<bos> $A <eos>", "<bos> $A <eos> <bos>:1 $B:1 <eos>:1")
finish("characters-gemma", tokenizer)

for name, normalizer, words in [
        ("characters-llama2", normalizers.Sequence([normalizers.Prepend("▁"), SIGN]), None),
        ("characters-first", None, pre_tokenizers.Metaspace("▁", prepend_scheme="first", split=False))]:
    tokenizer = characters(normalizer, words, ["<unk>", "<s>", "</s>"])
    tokenizer.decoder = decoders.Sequence(UNSIGN + [decoders.Strip(" ", 1, 0)])
    template(tokenizer, "<s> $A", "<s> $A <s>:1 $B:1")
    finish(name, tokenizer)

tokenizer = characters(None, pre_tokenizers.Metaspace(), ["<unk>"], fallback=False, vocab_size=200)
finish("characters-unknown", tokenizer)

# Unigram.
for name, normalizer, words in [
        ("unigram-xlmr", normalizers.Sequence([
            normalizers.Precompiled(charsmap()), normalizers.Replace(Regex(" {2,}"), " ")]), pre_tokenizers.Metaspace()),
        ("unigram-words", None, pre_tokenizers.Sequence([
            pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])),
        ("unigram-strip", normalizers.Sequence([
            normalizers.Replace("\n", " "), normalizers.Strip(left=False), normalizers.Replace(Regex(" {2,}"), "▁")]),
         pre_tokenizers.Metaspace(prepend_scheme="first", split=False))]:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = words
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator(SENTENCES, trainers.UnigramTrainer(
        vocab_size=300, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False))
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    tokenizer.add_tokens([AddedToken("tool", single_word=True)])
    template(tokenizer, "<s> $A </s>", "<s> $A </s> </s> $B </s>")
    finish(name, tokenizer)

lines = [json.dumps("texts") + ":" + json.dumps(TEXTS, separators=(",", ":"))]
lines += [json.dumps(name) + ":" + json.dumps(result, separators=(",", ":")) for name, result in expected.items()]
(HERE / "expected.json").write_text("{" + ",\n".join(lines) + "}\n")
