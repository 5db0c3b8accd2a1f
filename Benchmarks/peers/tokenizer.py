#!/usr/bin/env python3
"""Training a byte-level BPE tokenizer: Apus and Hugging Face's tokenizers, in turn (A B A B), on the same text.

    python tokenizer.py APUS [-t 2] [--rounds 2] [--megabytes 100] [--vocabulary 16384] [--text FILE]

The text is made here, the same one every time: words of syllables drawn with Zipf's frequencies, with capitals, numbers,
contractions, punctuation and letters outside of ASCII, a paragraph a line. 100 MB of it have more than a million different
words. Each program runs in a process of its own and reads the file from the page cache; its time is that of training,
reading included, writing not. tokenizers reads the file itself (`Tokenizer.train`), line by line on all threads, which is
the fastest way it has; with a paragraph a line this gives the words of the whole text. Vocabularies and merges must be
equal, and so must the ids of the first megabytes of the text with both files, all read by tokenizers. The ratio is
the median over neighbouring runs, above 1 if Apus is faster, with its range. The last line is JSON.

Run with the Python of setup.sh: pip install tokenizers==0.23.3 numpy==2.4.6
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

SPECIAL = "<|endoftext|>"
MINIMUM_FREQUENCY = 2
WORDS = 2_500_000
SAMPLE_BYTES = 8_000_000


def word_list(random, count):
    """Different words, short ones first: numbers written in syllables."""
    onsets = "b c d f g h j k l m n p r s t v w z br ch cl dr fl gr pl pr qu sc sh sk sl sp st th tr wh é ß ш ж".split()
    vowels = "a e i o u ai ea ee ie io oo ou y ä ö ü а о и".split()
    codas = ["", "", "", "n", "r", "s", "t", "l", "m", "ng", "nd", "st", "ck", "х"]
    syllables = sorted({a + b + c for a in onsets for b in vowels for c in codas})
    random.shuffle(syllables)
    words, seen = [], set()
    while len(words) < count:
        parts = 1 + (len(words) > 800) + (len(words) > 60_000) + (len(words) % 7 == 0 and len(words) > 300_000)
        for index in random.randint(0, len(syllables), (50_000, parts)):
            word = "".join(syllables[i] for i in index)
            if word not in seen:
                seen.add(word)
                words.append(word)
    return words[:count]


def make_text(path, size):
    import numpy

    # RandomState's streams are frozen: the text is the same with every version.
    random = numpy.random.RandomState(20)
    words = word_list(random, WORDS)
    ends = [".", ".", ".", ",", ",", ";", "?", "!", ":", " -", "...", "'s", "'t", "'ll", ")", '"']
    written = 0
    with open(path, "wb") as file:
        while written < size:
            count = 200_000
            # The word of rank r comes in proportion to 1 / r.
            ranks = (len(words) ** random.random_sample(count)).astype(int) - 1
            kinds = random.randint(0, 100, count)
            line, parts = 0, []
            for rank, kind in zip(ranks.tolist(), kinds.tolist()):
                word = words[rank]
                if kind < 8:
                    word = word.capitalize()
                elif kind < 10:
                    word = str(rank)
                elif kind < 24:
                    word += ends[kind % len(ends)]
                line += 1
                if line > 60 and kind < 12:
                    parts.append(word + "\n")
                    line = 0
                else:
                    parts.append(word + " ")
            chunk = "".join(parts).rstrip() + "\n"
            # A line ends without a space, so that reading by lines changes no word.
            data = chunk.replace(" \n", "\n").encode()
            if written + len(data) > size:
                data = data[: size - written].decode(errors="ignore").encode()
            written += len(data)
            file.write(data)
            if len(data) < 1000:
                break


def train_peer(text, vocabulary, output):
    """One training by tokenizers; the seconds it took on standard output."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, min_frequency=MINIMUM_FREQUENCY, special_tokens=[SPECIAL], show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    start = time.perf_counter()
    tokenizer.train([text], trainer)
    print(time.perf_counter() - start)
    tokenizer.save(output)


def measured(command, threads):
    """Standard output of a program and the most memory it held."""
    environment = dict(os.environ, RAYON_NUM_THREADS=str(threads), TOKENIZERS_PARALLELISM="true")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} ended with status {os.waitstatus_to_exitcode(status)}")
    return output, usage.ru_maxrss * 1024


def model(path):
    content = json.loads(pathlib.Path(path).read_text())["model"]
    return content["vocab"], [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in content["merges"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("apus")
    parser.add_argument("-t", "--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--vocabulary", type=int, default=16_384)
    parser.add_argument("--text", help="train on this file instead")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        text = arguments.text
        if text is None:
            text = f"{folder}/text.txt"
            make_text(text, arguments.megabytes * 1_000_000)
        ours, theirs = f"{folder}/apus", f"{folder}/tokenizers.json"
        commands = {
            "apus": [arguments.apus, "data", "tokenizer", text, "--vocabulary", str(arguments.vocabulary), "--output",
                     ours, "--min-frequency", str(MINIMUM_FREQUENCY), "--special", SPECIAL, "--threads",
                     str(arguments.threads), "--force", "--json"],
            "tokenizers": [sys.executable, __file__, "--peer", text, str(arguments.vocabulary), theirs],
        }
        seconds = {name: [] for name in commands}
        memory = {name: 0 for name in commands}
        summary = {}
        for _ in range(arguments.rounds):
            for name, command in commands.items():
                output, peak = measured(command, arguments.threads)
                last = output.strip().splitlines()[-1]
                if name == "apus":
                    summary = json.loads(last)
                seconds[name].append(summary["seconds"] if name == "apus" else float(last))
                memory[name] = max(memory[name], peak)
                print(f"{name:>10}: {seconds[name][-1]:8.2f} s, {peak / 1e6:8.0f} MB", flush=True)

        (vocabulary, merges), (peer_vocabulary, peer_merges) = model(f"{ours}/tokenizer.json"), model(theirs)
        from tokenizers import Tokenizer

        with open(text, "rb") as file:
            sample = file.read(SAMPLE_BYTES).decode(errors="ignore").split("\n")
        ids, peer_ids = ([e.ids for e in Tokenizer.from_file(path).encode_batch(sample)]
                         for path in (f"{ours}/tokenizer.json", theirs))
        ratios = [b / a for a, b in zip(seconds["apus"], seconds["tokenizers"])]
        result = {
            "bytes": os.path.getsize(text), "words": summary["words"], "distinctWords": summary["distinctWords"],
            "vocabulary": len(vocabulary), "threads": arguments.threads, "seconds": seconds, "peakBytes": memory,
            "ratio": statistics.median(ratios), "range": [min(ratios), max(ratios)],
            "sameVocabulary": vocabulary == peer_vocabulary, "sameMerges": merges == peer_merges,
            "sampleTokens": sum(map(len, ids)), "sameIds": ids == peer_ids,
        }
        print(f"{result['distinctWords']} different words; Apus is {result['ratio']:.1f} times as fast "
              f"({result['range'][0]:.1f} to {result['range'][1]:.1f})")
        print(json.dumps(result))
        if not (result["sameVocabulary"] and result["sameMerges"] and result["sameIds"]):
            sys.exit("the tokenizers differ")


if __name__ == "__main__":
    if len(sys.argv) == 5 and sys.argv[1] == "--peer":
        train_peer(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        main()
