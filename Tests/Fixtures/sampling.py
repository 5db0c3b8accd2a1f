"""Writes sampling.txt: distributions and draws of every sampler, for ApusInferenceTests.

An independent implementation of llama.cpp's sampling chain (llama-sampler.cpp and common/sampling.cpp as
shipped in llama-cpp-python 0.3.36) in float64, from its behaviour, with plain lists and full sorts. Random
numbers are Philox4x32-10. With `--check` the distributions are also computed by llama.cpp itself, by calling
the samplers of a libllama.so built from that source; the two must agree. Not compared are sequence breakers
(they need a vocabulary there), mirostat (its samplers draw at once) and "xtc rarely" (it depends on the draw).

    python3 Tests/Fixtures/sampling.py > Tests/Fixtures/sampling.txt
    python3 Tests/Fixtures/sampling.py --check path/to/libllama.so

Python 3.11, standard library only.

Lines of the output, fields separated by '|':
    distribution|name|key:count of the logits|options|history|token:probability …
    draws|name|key:count of the first logits|options|history|token …
Row i of a `draws` case has the logits of key + i.
"""

import math
import struct
import sys

MASK32 = 0xFFFFFFFF


def philox(key, low, high=0):
    c = [low & MASK32, low >> 32, high & MASK32, high >> 32]
    k0, k1 = key & MASK32, key >> 32
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k0, b & MASK32, (a >> 32) ^ c[3] ^ k1, a & MASK32]
        k0, k1 = (k0 + 0x9E3779B9) & MASK32, (k1 + 0xBB67AE85) & MASK32
    return c


def f32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def make_logits(key, count):
    """Many small logits, few large ones: 20 u⁴ − 6 in float32, u from the top 24 bits of a word."""
    logits = []
    for block in range((count + 3) // 4):
        for word in philox(key, block):
            u = (word >> 8) / (1 << 24)
            square = f32(u * u)
            logits.append(f32(f32(f32(square * square) * 20) - 6))
    return logits[:count]


DEFAULTS = dict(
    samplers="edskypmxt", seed=0, stream=0, min_keep=0, temp=0.8, dynatemp_range=0.0, dynatemp_exponent=1.0,
    top_k=40, top_p=0.95, min_p=0.05, typ_p=1.0, top_n_sigma=-1.0, xtc_probability=0.0, xtc_threshold=0.1,
    last_n=64, repeat=1.0, frequency=0.0, presence=0.0,
    dry_multiplier=0.0, dry_base=1.75, dry_allowed_length=2, dry_last_n=64, dry_breakers="",
    mirostat=0, tau=5.0, eta=0.1, bias="",
)  # fmt: skip


class Chain:
    """Candidates are [token, logit] lists; `order` is what the draw walks through."""

    def __init__(self, options):
        self.o = {**DEFAULTS, **options}
        self.history = []
        self.mu = 2 * self.o["tau"]

    def softmax(self, c):
        top = max(l for _, l in c)
        w = [math.exp(l - top) for _, l in c]
        s = math.fsum(w)
        return [x / s for x in w]

    def by_logit(self, c):
        return sorted(c, key=lambda e: (-e[1], e[0]))

    def penalties(self, c):
        o = self.o
        recent = self.history[-o["last_n"]:] if o["last_n"] else []
        for e in c:
            n = recent.count(e[0])
            if n:
                e[1] = e[1] * o["repeat"] if e[1] <= 0 else e[1] / o["repeat"]
                e[1] -= n * o["frequency"] + o["presence"]
        return c

    def dry(self, c):
        o = self.o
        if not o["dry_multiplier"] or o["dry_base"] < 1 or not o["dry_last_n"]:
            return c
        h = self.history[-o["dry_last_n"]:]
        allowed = o["dry_allowed_length"]
        if len(h) <= allowed:
            return c
        breakers = [[int(t) for t in b.split("+")] for b in o["dry_breakers"].split("/") if b]
        limit = len(h)
        for start in range(len(h) - 1, -1, -1):
            ends = [start + len(b) for b in breakers if h[start:start + len(b)] == b]
            if ends:
                limit = len(h) - max(ends)
                break
        if limit < allowed:
            return c
        longest = {}
        for end in range(1, len(h)):  # an earlier copy ends before position `end`
            n = 0
            while n < end and n < limit and h[end - 1 - n] == h[len(h) - 1 - n]:
                n += 1
            if n >= allowed:
                longest[h[end]] = max(longest.get(h[end], 0), n)
        for e in c:
            if e[0] in longest and [e[0]] not in breakers:
                e[1] -= o["dry_multiplier"] * o["dry_base"] ** (longest[e[0]] - allowed)
        return c

    def top_n_sigma(self, c):
        n = self.o["top_n_sigma"]
        if n <= 0 or len(c) <= 1:
            return c
        mean = math.fsum(l for _, l in c) / len(c)
        deviation = math.sqrt(math.fsum((l - mean) ** 2 for _, l in c) / len(c))
        floor = max(l for _, l in c) - n * deviation
        return [e for e in c if e[1] >= floor]

    def top_k(self, c):
        k = self.o["top_k"]
        return c if k <= 0 or k >= len(c) else self.by_logit(c)[:k]

    def typical(self, c):
        p = self.o["typ_p"]
        if p >= 1:
            return c
        probabilities = self.softmax(c)
        entropy = -math.fsum(x * math.log(x) for x in probabilities if x > 0)
        ranked = sorted(zip(c, probabilities), key=lambda e: (abs(-math.log(e[1]) - entropy), e[0][0]))
        total, kept = 0.0, []
        for e, x in ranked:
            total += x
            kept.append(e)
            if total > p and len(kept) >= self.o["min_keep"]:
                break
        return kept

    def top_p(self, c):
        p = self.o["top_p"]
        if p >= 1:
            return c
        c = self.by_logit(c)
        total, kept = 0.0, []
        for e, x in zip(c, self.softmax(c)):
            total += x
            kept.append(e)
            if total >= p and len(kept) >= self.o["min_keep"]:
                break
        return kept

    def min_p(self, c):
        p = self.o["min_p"]
        if p <= 0:
            return c
        floor = max(l for _, l in c) + math.log(p)
        kept = [e for e in c if e[1] >= floor]
        return kept if len(kept) >= self.o["min_keep"] else self.by_logit(c)[: self.o["min_keep"]]

    def xtc(self, c):
        o = self.o
        if o["xtc_probability"] <= 0 or o["xtc_threshold"] > 0.5 or len(c) < 2:
            return c
        if self.words[0] / 2**32 >= o["xtc_probability"]:
            return c
        likely = sorted(
            (e for e, x in zip(c, self.softmax(c)) if x >= o["xtc_threshold"]), key=lambda e: (-e[1], e[0]))
        drop = likely[:-1]
        if not drop or len(c) - len(drop) < o["min_keep"]:
            return c
        return [e for e in c if e not in drop]

    def temperature(self, c):
        o = self.o
        t = o["temp"]
        if o["dynatemp_range"] > 0 and o["mirostat"] == 0:
            if len(c) <= 1:
                return c
            low, high = max(0.0, t - o["dynatemp_range"]), t + o["dynatemp_range"]
            entropy = -math.fsum(x * math.log(x) for x in self.softmax(c) if x > 0)
            t = low + (high - low) * (entropy / math.log(len(c))) ** o["dynatemp_exponent"]
        if t <= 0:
            return self.by_logit(c)[:1]
        return [[e[0], e[1] / t] for e in c]

    def mirostat1(self, c):
        count = len(c)
        s = self.by_logit(c)[:100]
        if len(s) < 2:
            return s
        steps = [math.log((i + 2) / (i + 1)) for i in range(len(s) - 1)]
        falls = [s[i][1] - s[i + 1][1] for i in range(len(s) - 1)]
        exponent = math.fsum(a * b for a, b in zip(steps, falls)) / math.fsum(a * a for a in steps)
        eps = exponent - 1
        k = ((eps * 2**self.mu) / (1 - self.vocabulary ** -eps)) ** (1 / exponent)
        k = max(1, int(min(k, count)))
        return c if k >= self.vocabulary else self.by_logit(c)[:k]

    def mirostat2(self, c):
        kept = [e for e, x in zip(c, self.softmax(c)) if -math.log2(x) <= self.mu]
        return kept or self.by_logit(c)[:1]

    STAGES = dict(e="penalties", d="dry", s="top_n_sigma", k="top_k", y="typical", p="top_p", m="min_p", x="xtc",
                  t="temperature")  # fmt: skip

    def distribution(self, logits):
        self.words = philox(self.o["seed"], len(self.history), self.o["stream"])
        self.vocabulary = len(logits)
        c = [[t, l] for t, l in enumerate(logits)]
        for entry in self.o["bias"].split("/"):
            if entry:
                token, bias = entry.split("=")
                c[int(token)][1] += float(bias)
        c = [e for e in c if e[1] > -math.inf]
        if self.o["mirostat"]:
            c = self.temperature(c)
            c = self.mirostat1(c) if self.o["mirostat"] == 1 else self.mirostat2(c)
        else:
            for letter in self.o["samplers"]:
                c = getattr(self, self.STAGES[letter])(c)
        return [(e[0], x) for e, x in zip(c, self.softmax(c))]

    def draw(self, logits):
        c = self.distribution(logits)
        u = (((self.words[2] << 32) | self.words[3]) >> 11) / 2**53
        total, chosen = 0.0, None
        for token, x in c:
            total += x
            chosen = (token, x)
            if total > u:
                break
        if abs(total - u) < 1e-6 or abs(total - chosen[1] - u) < 1e-6 and u > 0:
            raise SystemExit("a draw too close to call: choose another seed")
        token, x = chosen
        self.mu -= self.o["eta"] * (-math.log2(x) - self.o["tau"])
        self.history.append(token)
        return token


OFF = dict(samplers="")
REPEATS = "5 9 2 7 5 9 2 8 1 5 9 2"

DISTRIBUTIONS = [
    # name, key, vocabulary, options, history
    ("defaults", 1, 64, {}, ""),
    ("defaults", 2, 1000, {}, ""),
    ("defaults", 3, 5000, {}, ""),
    ("nothing", 4, 64, OFF, ""),
    ("repeat", 5, 64, dict(samplers="e", repeat=1.3), REPEATS),
    ("frequency", 6, 64, dict(samplers="e", frequency=0.7), REPEATS),
    ("presence", 7, 64, dict(samplers="e", presence=1.5), REPEATS),
    ("all penalties of 4", 8, 64,
     dict(samplers="e", repeat=0.8, frequency=-0.4, presence=0.3, last_n=4), REPEATS),
    ("penalties after top-k", 9, 64, dict(samplers="ke", top_k=20, repeat=1.5, presence=0.5), REPEATS),
    ("dry", 10, 64, dict(samplers="dk", top_k=20, dry_multiplier=0.8), REPEATS),
    ("dry base", 11, 64, dict(samplers="dk", top_k=64, dry_multiplier=1.5, dry_base=1.2, dry_allowed_length=1), REPEATS),
    ("dry last 6", 12, 64, dict(samplers="dk", top_k=64, dry_multiplier=1.0, dry_allowed_length=1, dry_last_n=6), REPEATS),
    ("dry nothing to repeat", 13, 64, dict(samplers="dk", top_k=20, dry_multiplier=0.8), "1 2 3 4 5 6"),
    ("dry breaker inside", 14, 64, dict(samplers="dk", top_k=64, dry_multiplier=1.0, dry_breakers="9"), REPEATS),
    ("dry breaker before", 15, 64, dict(samplers="dk", top_k=64, dry_multiplier=1.0, dry_breakers="1"), REPEATS),
    ("dry long breaker", 16, 64,
     dict(samplers="dk", top_k=64, dry_multiplier=1.0, dry_allowed_length=1, dry_breakers="8+1/5+9"), REPEATS),
    ("dry breaker follows", 17, 64,
     dict(samplers="dk", top_k=64, dry_multiplier=1.0, dry_allowed_length=1, dry_breakers="8"),
     "8 5 9 2 7 5 9 2 4 5 9 2"),
    ("dry one token", 18, 64, dict(samplers="dk", top_k=64, dry_multiplier=0.4), "3 " * 30),
    ("dry clamped", 19, 64, dict(samplers="dk", top_k=64, dry_multiplier=1.0, dry_base=4.0), "3 " * 63),
    ("dry after top-k", 20, 64, dict(samplers="kd", top_k=20, dry_multiplier=0.8), REPEATS),
    ("sigma 1", 21, 1000, dict(samplers="s", top_n_sigma=1.0), ""),
    ("sigma 2 of a list", 22, 1000, dict(samplers="ks", top_k=100, top_n_sigma=2.0), ""),
    ("top-k 1", 23, 1000, dict(samplers="k", top_k=1), ""),
    ("top-k 5", 24, 1000, dict(samplers="k", top_k=5), ""),
    ("top-k 5 of many", 25, 5000, dict(samplers="k", top_k=5), ""),
    ("top-k 100 of many", 26, 5000, dict(samplers="k", top_k=100), ""),
    ("top-k beyond", 27, 64, dict(samplers="k", top_k=1000), ""),
    ("typical .3", 28, 64, dict(samplers="y", typ_p=0.3), ""),
    ("typical .9 of a list", 29, 1000, dict(samplers="ky", top_k=50, typ_p=0.9), ""),
    ("typical keeps 9", 30, 64, dict(samplers="y", typ_p=0.05, min_keep=9), ""),
    ("top-p .5", 31, 64, dict(samplers="p", top_p=0.5), ""),
    ("top-p .5 of many", 32, 5000, dict(samplers="p", top_p=0.5), ""),
    ("top-p .3 flat", 33, 5000, dict(samplers="tp", temp=5.0, top_p=0.03), ""),
    ("top-p flat", 34, 3000, dict(samplers="tp", temp=9.0, top_p=0.12), ""),
    ("top-p 0", 35, 64, dict(samplers="p", top_p=0.0), ""),
    ("top-p keeps 7", 36, 64, dict(samplers="p", top_p=0.01, min_keep=7), ""),
    ("min-p .1", 37, 5000, dict(samplers="m", min_p=0.1), ""),
    ("min-p of a list", 38, 1000, dict(samplers="km", top_k=30, min_p=0.2), ""),
    ("min-p keeps 6", 39, 64, dict(samplers="m", min_p=0.99, min_keep=6), ""),
    ("xtc always", 40, 64, dict(samplers="x", xtc_probability=1.0, xtc_threshold=0.05), ""),
    ("xtc of a list", 41, 1000, dict(samplers="kx", top_k=10, xtc_probability=1.0, xtc_threshold=0.08), ""),
    ("xtc keeps 3", 41, 1000, dict(samplers="kx", top_k=10, xtc_probability=1.0, xtc_threshold=0.08, min_keep=3), ""),
    ("xtc keeps 4", 41, 1000, dict(samplers="kx", top_k=10, xtc_probability=1.0, xtc_threshold=0.08, min_keep=4), ""),
    ("xtc none likely", 43, 64, dict(samplers="x", xtc_probability=1.0, xtc_threshold=0.5), ""),
    ("xtc rarely", 44, 64, dict(samplers="x", xtc_probability=0.01, xtc_threshold=0.02), ""),
    ("hot", 45, 64, dict(samplers="t", temp=2.5), ""),
    ("cold", 46, 64, dict(samplers="t", temp=0.1), ""),
    ("greedy", 47, 1000, dict(temp=0.0), ""),
    ("greedy of a list", 48, 1000, dict(samplers="kt", temp=0.0), ""),
    ("greedy after xtc", 49, 64, dict(samplers="kxt", top_k=10, temp=0.0, xtc_probability=1.0, xtc_threshold=0.05), ""),
    ("dynamic", 50, 64, dict(samplers="t", temp=1.0, dynatemp_range=0.6), ""),
    ("dynamic exponent", 51, 64, dict(samplers="kt", top_k=9, temp=0.5, dynatemp_range=0.9, dynatemp_exponent=2.5), ""),
    ("bias", 52, 64, dict(samplers="kt", top_k=9, bias="3=4.5/10=-2.25/50=-inf"), ""),
    ("everything", 53, 1000,
     dict(bias="7=2.5", repeat=1.2, frequency=0.1, presence=0.2, dry_multiplier=0.7, top_n_sigma=3.0, top_k=50,
          typ_p=0.97, top_p=0.9, min_p=0.01, xtc_probability=1.0, xtc_threshold=0.1, temp=1.2, dynatemp_range=0.3,
          min_keep=2), REPEATS),
    ("backwards", 54, 1000,
     dict(samplers="txmpyksde", bias="7=2.5", repeat=1.2, dry_multiplier=0.7, top_n_sigma=3.0, top_k=50, typ_p=0.97,
          top_p=0.9, min_p=0.01, xtc_probability=1.0, xtc_threshold=0.1, temp=1.2), REPEATS),
    ("penalties turn a list around", 60, 1000, dict(samplers="kep", top_k=20, presence=6.0, top_p=0.5), "963 701 960"),
    ("dry turns a list around", 61, 1000, dict(samplers="kdk", top_k=8, dry_multiplier=9.0), "1 2 37 1 2"),
    ("mirostat 1", 55, 1000, dict(mirostat=1, tau=3.0), ""),
    ("mirostat 1 small", 56, 64, dict(mirostat=1, tau=1.5, temp=1.5), ""),
    ("mirostat 2", 57, 1000, dict(mirostat=2, tau=3.0), ""),
    ("mirostat 2 tight", 58, 1000, dict(mirostat=2, tau=0.5), ""),
    ("mirostat greedy", 59, 64, dict(mirostat=1, temp=0.0), ""),
]  # fmt: skip

DRAWS = [
    # name, key of the first row, vocabulary, options, history, tokens
    ("defaults", 1000, 1000, dict(seed=42), "", 40),
    ("plain", 2000, 1000, dict(seed=7, samplers=""), "1 2 3", 40),
    ("plain, tiles", 3000, 5000, dict(seed=2**63 + 5, samplers="", stream=3), "", 12),
    ("penalised", 4000, 64, dict(seed=1, repeat=1.4, frequency=0.2, dry_multiplier=0.8, temp=1.3), "", 80),
    ("xtc", 5000, 64, dict(seed=3, xtc_probability=0.5, xtc_threshold=0.1, top_k=8), "", 60),
    ("mirostat 1", 6000, 1000, dict(seed=5, mirostat=1, tau=4.0, eta=0.2), "", 40),
    ("mirostat 2", 7000, 1000, dict(seed=6, mirostat=2, tau=4.0, eta=0.2), "", 40),
]  # fmt: skip


class LlamaCpp:
    """The same chain made of llama.cpp's own samplers."""

    def __init__(self, path):
        import ctypes as c

        self.c = c
        self.library = c.CDLL(path)

        class Token(c.Structure):
            _fields_ = [("id", c.c_int32), ("logit", c.c_float), ("p", c.c_float)]

        class Tokens(c.Structure):
            _fields_ = [("data", c.POINTER(Token)), ("size", c.c_size_t), ("selected", c.c_int64),
                        ("sorted", c.c_bool)]  # fmt: skip

        class Bias(c.Structure):
            _fields_ = [("token", c.c_int32), ("bias", c.c_float)]

        self.Token, self.Tokens, self.Bias = Token, Tokens, Bias

    def make(self, name, *arguments):
        function = getattr(self.library, "llama_sampler_init_" + name)
        function.restype = self.c.c_void_p
        return function(*arguments)

    def stages(self, o, count):
        c = self.c
        f, size, null = c.c_float, c.c_size_t, c.c_void_p(None)
        if o["bias"]:
            entries = [e.split("=") for e in o["bias"].split("/")]
            biases = (self.Bias * len(entries))(*[(int(t), float(b)) for t, b in entries])
            yield self.make("logit_bias", count, len(entries), biases)
        keep = size(o["min_keep"])
        for letter in o["samplers"]:
            if letter == "e":
                yield self.make("penalties", count, o["last_n"], f(o["repeat"]), f(o["frequency"]), f(o["presence"]))
            elif letter == "d":
                yield self.make("dry", null, f(o["dry_multiplier"]), f(o["dry_base"]), o["dry_allowed_length"],
                                o["dry_last_n"], null, size(0))  # fmt: skip
            elif letter == "s":
                yield self.make("top_n_sigma", f(o["top_n_sigma"]))
            elif letter == "k":
                yield self.make("top_k", o["top_k"])
            elif letter == "y":
                yield self.make("typical", f(o["typ_p"]), keep)
            elif letter == "p":
                yield self.make("top_p", f(o["top_p"]), keep)
            elif letter == "m":
                yield self.make("min_p", f(o["min_p"]), keep)
            elif letter == "x":
                yield self.make("xtc", f(o["xtc_probability"]), f(o["xtc_threshold"]), keep, 1)
            elif letter == "t":
                yield self.make("temp_ext", f(o["temp"]), f(o["dynatemp_range"]), f(o["dynatemp_exponent"]))

    def distribution(self, options, history, logits):
        c = self.c
        data = (self.Token * len(logits))(*[(t, l, 0) for t, l in enumerate(logits)])
        array = self.Tokens(c.cast(data, c.POINTER(self.Token)), len(logits), -1, False)
        for sampler in map(c.c_void_p, self.stages({**DEFAULTS, **options}, len(logits))):
            for token in history:
                self.library.llama_sampler_accept(sampler, token)
            self.library.llama_sampler_apply(sampler, c.byref(array))
        found = [(array.data[i].id, array.data[i].logit) for i in range(array.size)]
        found = [e for e in found if e[1] > -math.inf]
        top = max(l for _, l in found)
        total = math.fsum(math.exp(l - top) for _, l in found)
        return {t: math.exp(l - top) / total for t, l in found}


def check(path):
    llama = LlamaCpp(path)
    compared, failed = 0, 0
    for name, key, count, options, history in DISTRIBUTIONS:
        if options.get("dry_breakers") or options.get("mirostat") or name == "xtc rarely":
            continue
        logits = make_logits(key, count)
        chain = Chain(options)
        chain.history = tokens(history)
        own = dict(chain.distribution(logits))
        other = llama.distribution(options, tokens(history), logits)
        compared += 1
        if own.keys() != other.keys() or any(abs(own[t] - other[t]) > 1e-4 * own[t] + 1e-12 for t in own):
            failed += 1
            print(f"{name}: {len(own)} candidates, llama.cpp {len(other)}", sorted(own.items())[:5], sorted(other.items())[:5])
    print(f"{compared} cases compared, {failed} differ")
    return failed


def tokens(text):
    return [int(t) for t in text.split()]


def main():
    for name, key, count, options, history in DISTRIBUTIONS:
        chain = Chain(options)
        chain.history = tokens(history)
        result = sorted(chain.distribution(make_logits(key, count)))
        if len(result) > 120:  # a long one: the likeliest say enough, and how many there are
            result = sorted(sorted(result, key=lambda e: -e[1])[:24]) + [(-len(result), 0)]
        print("distribution", name, f"{key}:{count}", ",".join(f"{k}={v}" for k, v in options.items()),
              history.strip(), " ".join(f"{t}:{p:.9g}" for t, p in result), sep="|")  # fmt: skip
    for name, key, count, options, history, length in DRAWS:
        chain = Chain(options)
        chain.history = tokens(history)
        drawn = [chain.draw(make_logits(key + row, count)) for row in range(length)]
        print("draws", name, f"{key}:{count}", ",".join(f"{k}={v}" for k, v in options.items()),
              history, " ".join(map(str, drawn)), sep="|")  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        sys.exit(1 if check(sys.argv[2]) else 0)
    main()
