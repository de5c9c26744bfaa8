"""`cybexd hash` against an independent implementation of the canonical form, on random and hostile JSON texts."""
import hashlib
import json
import math
import os
import random
import subprocess
import unittest

from harness import CYBEXD

WHITE = "".join(map(chr, [*range(9, 14), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]))


def canonical(value):
    if isinstance(value, str):
        return json.dumps(value.strip(WHITE))
    if isinstance(value, list):
        return json.dumps(sorted({canonical(item) for item in value}))
    if isinstance(value, dict):
        return json.dumps({key: canonical(value[key]) for key in sorted(value)})
    return json.dumps(value)


class Maker:
    """Random JSON texts: white space, escapes of every form, doubles of every size, double keys."""

    def __init__(self, rng):
        self.rng = rng

    def space(self):
        return self.rng.choice(["", "", "", " ", "\t", "\r", "  "])

    def char(self):
        rng = self.rng
        kind = rng.randrange(8)
        if kind < 3:
            return rng.choice("abcXYZ019 .:/-_'")
        if kind == 3:
            return rng.choice(['\\"', "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u0000", "\\u001f", "\\u007f", "\\u2028", "\\u00e9", "\\uD83D\\uDE00"])
        if kind == 4:
            return rng.choice(["\x7f", "\u00a0", "\u200b", "\ufeff", "\u3000", "\u1680", "\u2028"])
        if kind == 5:
            return chr(rng.choice([rng.randrange(0x80, 0xD800), rng.randrange(0xE000, 0x110000)]))
        return rng.choice("é日本🔑ñ ")

    def string(self):
        return '"' + "".join(self.char() for _ in range(self.rng.choice([0, 1, 3, 8, 20]))) + '"'

    def number(self):
        rng = self.rng
        kind = rng.randrange(7)
        if kind == 0:
            return str(rng.choice([0, 1, -1, 2**63 - 1, -2**63, 2**53, 22, 443]))
        if kind == 1:
            return str(rng.randrange(-2**63, 2**63))
        if kind == 2:
            return rng.choice(["-0", "-0.0", "0.0", "1.0", "1e5", "1E+2", "1e16", "1e-5", "1e22", "123456789012345678.0", "5e-324", "1.7976931348623157e308", "1e-400", "0.1234567890123456789012345"])
        if kind == 3:
            return repr(rng.random() * 10 ** rng.randrange(-12, 25))
        if kind == 4:
            import struct
            while True:
                value = struct.unpack("<d", rng.randbytes(8))[0]
                if math.isfinite(value):
                    return repr(value)
        return f"{rng.randrange(10**6)}.{rng.randrange(10**9)}"

    def text(self, depth):
        rng = self.rng
        kind = rng.randrange(7 if depth else 4)
        if kind == 0:
            return self.number()
        if kind == 1:
            return rng.choice(["true", "false", "null"])
        if kind < 4:
            return self.string()
        size = rng.choice([0, 1, 2, 4])
        if kind == 4:
            return "[" + ",".join(self.space() + self.text(depth - 1) + self.space() for _ in range(size)) + "]"
        keys = [self.string() for _ in range(size)]
        if keys and rng.random() < 0.2:
            keys.append(rng.choice(keys))
        keys = [k for k in keys if "\\u0000" not in k]
        return "{" + ",".join(self.space() + k + self.space() + ":" + self.text(depth - 1) for k in keys) + "}"


class Hash(unittest.TestCase):
    def hash(self, lines, *options):
        done = subprocess.run([CYBEXD, "hash", *options], input="\n".join(lines).encode() + b"\n", capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.decode().split("\n")[:-1]]

    def test_random_texts(self):
        seed = int(os.environ.get("CYBEXD_TEST_SEED", "7"))
        print("seed", seed)
        maker = Maker(random.Random(seed))
        texts = [maker.space() + maker.text(maker.rng.randrange(6)) + maker.space() for _ in range(5000)]
        for text, answer in zip(texts, self.hash(texts), strict=True):
            expected = canonical(json.loads(text))
            self.assertEqual(answer, {"canonical": expected, "sha256": hashlib.sha256(expected.encode()).hexdigest()}, text)

    def test_every_character_that_may_be_white_space(self):
        texts = [json.dumps(chr(c) + "x" + chr(c)) for c in [*range(0x21), *range(0x7F, 0x180), *range(0x1680, 0x1690), *range(0x2000, 0x2070), 0x3000, 0xFEFF, 0x1F511]]
        for text, answer in zip(texts, self.hash(texts), strict=True):
            self.assertEqual(answer["canonical"], canonical(json.loads(text)))

    def test_refused(self):
        for text in ["", "nul", "{", "[1,]", "01", "NaN", "[Infinity]", "-Infinity", "1e400", "9223372036854775808", '"\\ud800"', '"\\udc00\\ud800"', '{"a\\u0000":1}', "[" * 33 + "]" * 33, '"\t"', "1 2"]:
            answer, = self.hash([text])
            self.assertEqual(list(answer), ["error"], text)
            self.assertTrue(answer["error"])

    def test_one_bad_line_costs_the_others_nothing(self):
        answers = self.hash(["1", "{bad", '"\u2028"', "2"])
        self.assertEqual([a.get("canonical") for a in answers], ["1", None, '""', "2"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
