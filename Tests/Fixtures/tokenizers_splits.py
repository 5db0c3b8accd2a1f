#!/usr/bin/env python3
"""Writes Tests/Fixtures/tokenizers/splits.txt and splits-texts.bin: how the published patterns of the pre-tokenizers
cut a corpus made to hurt, according to the Python package `regex`.

Patterns are those of llama.cpp's src/llama-vocab.cpp, or the original of the model's tokenizer.json where that file
quotes it. Several patterns for one pre-tokenizer are applied one after the other, each cutting the words of the one
before; every match is a word and so is every stretch between matches.

splits-texts.bin: the texts, UTF-8, each ended by NUL. splits.txt: per pre-tokenizer one line, its name and then per
text the lengths of its words in bytes, each length one character (1-9, a-z for 10-35, A-Z for 36-61, else "(n)").

Usage: pip install regex==2026.11.15; python3 Tests/Fixtures/tokenizers_splits.py [directory [texts]]
"""

import pathlib
import random
import sys
import unicodedata

import regex

assert unicodedata.unidata_version == "14.0.0", "run with Python 3.11"

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
SPACE = r"\s*[\r\n]+|\s+(?!\S)|\s+"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def words(digits, contractions=CONTRACTIONS + "|", letters=r"\p{L}+", rest=r"[^\s\p{L}\p{N}]+", tail=r"[\r\n]*",
          space=SPACE):
    return rf"{contractions}[^\r\n\p{{L}}\p{{N}}]?{letters}|\p{{N}}{digits}| ?{rest}{tail}|{space}"


LLAMA3 = words("{1,3}")
QWEN2 = words("")
UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"


def cased(digits, suffix=CONTRACTIONS + "?", tail=r"[\r\n/]*", upper=UPPER, lower=LOWER, before=""):
    prefix = r"[^\r\n\p{L}\p{N}]?"
    return (rf"{before}{prefix}{upper}*{lower}+{suffix}|{prefix}{upper}+{lower}*{suffix}"
            rf"|\p{{N}}{digits}| ?[^\s\p{{L}}\p{{N}}]+{tail}|{SPACE}")


KIMI = "(?V1)" + cased(
    "{1,3}", tail=r"[\r\n]*", before=r"[\p{Han}]+|",
    upper=r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]", lower=r"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]")
ASCII_PUNCTUATION = r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]"""
DEEPSEEK = (ASCII_PUNCTUATION + r"[A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|" + SPACE)
SPARK = (ASCII_PUNCTUATION
         + r"[A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+|[\r\n]|\s+(?!\S)|\s+")
KANA = "[一-龥぀-ゟ゠-ヿ]+"
BLOOM = r" ?[^(\s|.,!?…。，、।۔،)]+"
EAST_ASIAN = "[一-龥ࠀ-一가-퟿]+"
DEEPSEEK_LETTERS = (
    r"\u0041-\u005a\u0061-\u007a\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293"
    r"\u0295-\u02af\u0370-\u0373\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1"
    r"\u03a3-\u03f5\u03f7-\u0481\u048a-\u052f\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba"
    r"\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77\u1d79-\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d"
    r"\u1f50-\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc"
    r"\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc\u2102\u2107\u210a-\u2113\u2115"
    r"\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u212f-\u2134\u2139\u213c-\u213f\u2145-\u2149\u214e\u2183"
    r"\u2184\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3\ua640-\ua66d\ua680-\ua69b\ua722-\ua76f"
    r"\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf\ufb00-\ufb06\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a"
    r"\U00010400-\U0001044f\U000104b0-\U000104d3\U000104d8-\U000104fb\U00010c80-\U00010cb2"
    r"\U00010cc0-\U00010cf2\U000118a0-\U000118df\U0001e900-\U0001e943")
LADDER = "|".join([r"\s*[\r\n]+"] + [rf"\s{{{n}}}(?!\S)" for n in (512, 256, 128, 64, 32, 16, 8, 4)]
                  + [r"\s{1,2}(?!\S)", r"\s{1}"])
# A word boundary as Oniguruma, the engine these patterns were written for, has it.
TINY_AYA_DIGITS = r"\p{Nd}{1,3}(?=(?:\p{Nd}{3})*(?![\p{L}\p{M}\p{Nd}\p{Pc}]))"
# llama.cpp gives no pattern for AFMoE's digits, only code: groups of three from the right.
AFMOE_DIGITS = r"\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))"
# llama.cpp's source has U+8C48 where the block of compatibility ideographs begins with its look-alike U+F900, of which
# it is the canonical form: an editor's slip, after which the set would hold half of the characters there are.
AFMOE_SCRIPTS = "[一-鿿㐀-䶿\uf900-\ufaff぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ]+"
YOUTU = "[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+"

PATTERNS = {
    "gpt-2": [GPT2],
    "starcoder": [r"\p{N}", GPT2],
    "falcon": [r"[\p{P}\$\+<=>\^~\|`]+", GPT2, "[0-9][0-9][0-9]"],
    "default": [r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"],
    "llama-bpe": [LLAMA3],
    "qwen2": [QWEN2],
    "jais-2": [words("{1,3}", space=LADDER)],
    "minicpm5": [r"\p{N}{1,3}", words("+")],
    "bailingmoe": [
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"],
    "qwen35": [words("", letters=r"[\p{L}\p{M}]+", rest=r"[^\s\p{L}\p{M}\p{N}]+")],
    "seed-coder": [words("{1}", rest=r"[^\s\p{L}\p{N}\r\n]+", tail="")],
    "ufakzeka": [words("", contractions="")],
    "laguna": [r"[^\n]+|[\n]+", QWEN2],
    "exaone-moe": [words("", letters=r"(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+", tail=r"[\r\n/]?",
                         space=r"\s*[\r\n]|\s+(?!\S)|\s+")],
    "gpt-4o": [cased("{1,3}")],
    "tekken": [cased("", suffix="")],
    "tiny_aya": [TINY_AYA_DIGITS, cased("{1,3}")],
    "youtu": [YOUTU, cased("")],
    "kimi-k2": [KIMI],
    "deepseek-llm": ["[\r\n]", rf"\s?[{DEEPSEEK_LETTERS}]+", r"\s?[!-/:-~！-／：-～‘-‟　-。]+", r"\s+$", EAST_ASIAN,
                     r"\p{N}+"],
    "deepseek-coder": ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", EAST_ASIAN, r"\p{N}"],
    "deepseek-v3": [r"\p{N}{1,3}", KANA, DEEPSEEK],
    "spark2_5": [r"\p{N}{1,3}", KANA, SPARK, r"\p{N}"],
    "afmoe": [AFMOE_DIGITS, AFMOE_SCRIPTS, DEEPSEEK],
    "bloom": [BLOOM],
    "viking": [BLOOM, r"\p{N}"],
    "superbpe": [r"\p{N}+", r"(?=(\d{3})+(?!\d))"],
    "chameleon": [r"<sentinel:[0-9]+>", r"(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", r"([\t\n]|    |  )", r"\p{N}",
                  r"[\p{P}!-/:-@\[-`{-~]", GPT2],
    "gemma4": [r"[^\n]+|[\n]+"],
}


def cut(pattern, text):
    parts, start = [], 0
    for match in pattern.finditer(text):
        if match.start() > start:
            parts.append(text[start:match.start()])
        if match.group():
            parts.append(match.group())
        start = match.end()
    if start < len(text):
        parts.append(text[start:])
    return parts


def code(length):
    digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return digits[length] if length < len(digits) else f"({length})"


ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "sStTmMdDrRvVlLeEſ", "'’", "   ", " ", "\n", "\r\n\t",
    "\u00a0\u3000\u2028\u0085\u2003\u1680\x0b", "0123456789", "0123456789²½Ⅷ٣۴०１〇൪㊿", ".,;:!?-_/\\()[]{}\"#%&*@",
    "$+<=>^`|~", "…“”‘—：；，、。、।۔،！　〿﹏«»", "©®€£😀🚀🌍❤️👩‍🚀🇩🇪±×÷°", "\u0301\u0308\u0327\u20dd",
    "ािीुूेैोौ्ंः", "कखगघङचछज", "äöüßéèñçøåžłıİǅǈʰˈªº", "ΑΒΓαβγДЖщъыюֶאבגابتไกนកាន់ເລາ", "漢字中文工作我想在々〆㐀𠀀豈⺀⼀",
    "ひらがなカタカナーｱｲﾟ", "한국어가힣ㄱㅎㆎ가각", "ㄅㄆㄯ", "\u200d\u200b\ufeff\x01\x7f\u00ad\ue000\ufffd", "𐐀𐓘𞤀ჅᏣⰀꙀﬀＡｚ",
    "ꩠꩡꧠꧡကခ",
]
SNIPPETS = [
    "'s", "'S", "'ll", "'LL", "'Ve", "'re", "'ſ", "'t ", "'d'm", "''", "<sentinel:12>", "<sentinel:>", "IMGIMGABCDZ",
    "IMGIMGABCDEZ", "IMGIMGZ", "    ", "      ", "\n\n", "\r\n\r\n  ", " \n ", "1234567", "12 345 6789", "1234abc", "3.14",
    "HelloWorld", "HELLOworld", "don't", "I'LL", "www.example.com/path/to", "//", "/\n/", "--=", "</s>", "\t\t\tx",
    " " * 70, "\u00a0" * 9, "e\u0301", "x\u0301\u0302y", "ﬁ", "ABCdefGHI", "aʰBªC", "漢字かな交じり文", "１２３４",
]


def corpus(count, seed):
    for alphabet in ALPHABETS:
        for c in alphabet:
            assert unicodedata.category(c) != "Cn", hex(ord(c))
    random_ = random.Random(seed)
    texts = ["".join(SNIPPETS), "The quick brown fox, it's 12345 jumps.\n\n\tOver 3 dogs' backs!  ", " ", "\n", "'"]
    while len(texts) < count:
        text = ""
        for _ in range(random_.randint(1, 9)):
            kind = random_.random()
            if kind < 0.2:
                text += random_.choice(SNIPPETS)
            else:
                alphabet = random_.choice(ALPHABETS)
                text += "".join(random_.choice(alphabet) for _ in range(random_.choice([1, 1, 1, 2, 3, 5])))
        texts.append(text)
    return texts


def main():
    directory = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "tokenizers"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    texts = corpus(count, 7)
    (directory / "splits-texts.bin").write_bytes(b"".join(text.encode() + b"\0" for text in texts))
    with open(directory / "splits.txt", "w") as file:
        for name, patterns in PATTERNS.items():
            compiled = [regex.compile(pattern) for pattern in patterns]
            line = [name]
            for text in texts:
                parts = [text]
                for pattern in compiled:
                    parts = [piece for part in parts for piece in cut(pattern, part)]
                line.append("".join(code(len(part.encode())) for part in parts))
            file.write(" ".join(line) + "\n")


main()
