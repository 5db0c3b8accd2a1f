#!/usr/bin/env python3
"""Trains four tiny tokenizers and writes them to Tests/Fixtures/tokenizers as GGUF files without tensors, each with
`.inp` (texts, separated by lines `__ggml_vocab_test__`) and `.out` (a line of ids per text, without special tokens),
the form in which llama.cpp ships its own. The ids come from the library that trained the tokenizer: SentencePiece for
byte pairs (spm) and unigram (ugm), Hugging Face tokenizers for byte-level byte pairs (bpe) and WordPiece (wpm).

Usage: pip install sentencepiece==0.2.3 tokenizers==0.23.3 gguf==0.19.0; python3 Tests/Fixtures/tokenizers_models.py
"""

import io
import pathlib
import random

import gguf
import sentencepiece
import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).parent / "tokenizers"
SEPARATOR = "\n__ggml_vocab_test__\n"

SENTENCES = """
Swifts sleep in the air, and some of them do not land for ten months.
The common swift feeds, drinks and gathers straw for its nest while it flies.
When the young bird leaves the nest it falls, opens its wings, and is a flyer for life.
A tokenizer cuts a text into pieces; the pieces have numbers, and the numbers are all a model ever sees.
Mauersegler schlafen in der Luft, und manche landen zehn Monate lang nicht: großartig!
Les martinets dorment en volant; à l'été, ils crient au-dessus des toits.
Los vencejos duermen en el aire y beben sin posarse. ¿Quién lo diría?
Стрижи спят в воздухе и почти никогда не садятся на землю.
アマツバメは飛びながら眠る。雨燕在空中睡觉。칼새는 날면서 잔다.
In 2016 researchers counted 10 months, 274 days, 3,300 hours aloft; 1 bird in 19 never came down.
func fly(metres: Int) -> Bool { return metres > 100_000 && !tired }
    if (x == 0) { return; }  // nothing to do
I'm sure they've said it's what we'd do, don't you think she'll come?
""".strip().split("\n")


def texts():
    """Sentences, their parts, and mixtures of everything."""
    random_ = random.Random(3)
    result = ["", " ", "  ", "   ", "\n", "\n\n", "\t", "a", " a", "  a  b   c", "<tool>", "x<tool>y", "🚀", "e\u0301", "ﬁ"]
    result += SENTENCES
    alphabet = "abcdefghijklmnop ABC 0123 .,!?'-_\n äöüß éà ж漢字かな한국 🚀😶‍🌫️ ½²"
    for _ in range(150):
        parts = []
        for _ in range(random_.randint(1, 6)):
            if random_.random() < 0.5:
                sentence = random_.choice(SENTENCES)
                start = random_.randrange(len(sentence))
                parts.append(sentence[start:start + random_.randint(1, 20)])
            else:
                parts.append("".join(random_.choice(alphabet) for _ in range(random_.randint(1, 8))))
        result.append(random_.choice(["", " "]).join(parts))
    # A carriage return or the separator within a text would be hard to read back.
    return [text for text in result if "\r" not in text]


def write(name, model, tokens, types, encode, scores=None, merges=None, pre=None, special=None, flags=None, charsmap=None,
          inputs=None):
    path = HERE / f"{name}.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model(model)
    if pre:
        writer.add_tokenizer_pre(pre)
    writer.add_token_list([token.encode() if isinstance(token, str) else token for token in tokens])
    writer.add_token_types(types)
    if scores is not None:
        writer.add_token_scores(scores)
    if merges is not None:
        writer.add_token_merges(merges)
    if charsmap is not None:
        writer.add_precompiled_charsmap(charsmap)
    for key, value in (special or {}).items():
        writer.add_uint32(f"tokenizer.ggml.{key}_token_id", value)
    for key, value in (flags or {}).items():
        writer.add_bool(f"tokenizer.ggml.{key}", value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    inputs = inputs or texts()
    path.with_suffix(".gguf.inp").write_bytes(SEPARATOR.join(inputs).encode())
    path.with_suffix(".gguf.out").write_text("".join(" ".join(map(str, encode(text))) + "\n" for text in inputs))


def sentence_piece(name, kind, **options):
    stored = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 3), model_writer=stored, model_type=kind, character_coverage=0.98,
        user_defined_symbols=["<tool>"], hard_vocab_limit=False, num_threads=1, **options)
    processor = sentencepiece.SentencePieceProcessor(model_proto=stored.getvalue())
    types = []
    for id in range(processor.vocab_size()):
        kinds = [(processor.is_unknown, 2), (processor.is_control, 3), (processor.is_unused, 5), (processor.is_byte, 6)]
        types.append(next((value for test, value in kinds if test(id)), 1))
    types[processor.piece_to_id("<tool>")] = 4
    return (processor, [processor.id_to_piece(id) for id in range(processor.vocab_size())], types,
            [processor.get_score(id) for id in range(processor.vocab_size())], stored.getvalue())


def proto_field(message, wanted):
    """The first length-delimited field `wanted` of a serialised protobuf message."""
    position = 0

    def varint():
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while position < len(message):
        key = varint()
        if key & 7 == 2:
            length = varint()
            if key >> 3 == wanted:
                return message[position:position + length]
            position += length
        elif key & 7 == 0:
            varint()
        else:
            position += {1: 8, 5: 4}[key & 7]


# Byte pairs by score, with byte fallback. A text that touches a user-defined token is left out: SentencePiece puts no
# space behind such a token, llama.cpp does, and files are made for the latter.
processor, pieces, types, scores, _ = sentence_piece(
    "spm", "bpe", vocab_size=600, byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False)
write("spm", "llama", pieces, types, processor.encode, scores, special={"bos": 1, "eos": 2, "unknown": 0},
      flags={"add_space_prefix": True}, inputs=[text for text in texts() if "<tool>" not in text])

# Unigram, with a small compiled normalisation: ligatures, full-width letters, a few spaces, composed accents.
rules = HERE / "rules.tsv"
lines = [(chr(0xFF21 + i), chr(0x41 + i)) for i in range(26)] + [("ﬁ", "fi"), ("½", "1/2"), ("²", "2"), ("e\u0301", "\u00e9")]
lines += [("\u3000", " "), ("\t", " "), ("\n", " "), ("\u00ad", "")]
rules.write_text("".join("\t".join(" ".join(f"{ord(c):X}" for c in side) for side in line) + "\n" for line in lines))
processor, pieces, types, scores, proto = sentence_piece("ugm", "unigram", vocab_size=320, normalization_rule_tsv=str(rules))
rules.unlink()
normalizer = proto_field(proto, 3)
write("ugm", "t5", pieces, types, processor.encode, scores, special={"bos": 1, "eos": 2, "unknown": 0},
      flags={"add_space_prefix": True, "remove_extra_whitespaces": True}, charsmap=proto_field(normalizer, 2),
      inputs=[text for text in texts() if "<tool>" not in text])

# Byte-level byte pairs.
trained = tokenizers.Tokenizer(models.BPE())
trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
trained.train_from_iterator(SENTENCES, trainers.BpeTrainer(
    vocab_size=520, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=["<|endoftext|>"]))
trained.add_tokens(["<tool>"])
import json
state = json.loads(trained.to_str())["model"]
tokens = sorted(trained.get_vocab(), key=trained.get_vocab().get)
write("bpe", "gpt2", tokens, [3 if t == "<|endoftext|>" else 4 if t == "<tool>" else 1 for t in tokens],
      lambda text: trained.encode(text, add_special_tokens=False).ids,
      merges=[" ".join(merge) for merge in state["merges"]], pre="gpt-2", special={"bos": 0, "eos": 0})

# WordPiece; in GGUF the pieces that begin a word start with ▁ and the others have lost their ##.
trained = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
trained.normalizer = normalizers.BertNormalizer()
trained.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
trained.decoder = decoders.WordPiece()
special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
trained.train_from_iterator(SENTENCES, trainers.WordPieceTrainer(vocab_size=420, special_tokens=special))
tokens = sorted(trained.get_vocab(), key=trained.get_vocab().get)
types = [2 if t == "[UNK]" else 3 if t in special else 1 for t in tokens]
tokens = [t if t in special else t[2:] if t.startswith("##") else "▁" + t for t in tokens]
write("wpm", "bert", tokens, types, lambda text: trained.encode(text, add_special_tokens=False).ids,
      special={"padding": 0, "unknown": 1, "bos": 2, "cls": 2, "seperator": 3, "mask": 4},
      inputs=[text for text in texts() if "<tool>" not in text])
