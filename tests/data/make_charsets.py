"""Makes charsets.jsonl: bytes in the charsets of mail, and what Python 3.11's codecs make of them.

Every line is {"charset", "bytes" (in hex), "replaced", "kept"}: the text with `errors='replace'`, as the original decodes a body, and as it reads an
encoded word, where undecodable bytes are kept until the end (`email._encoded_words`); null where Python raises an error. "kept" is left out where it is the
same. Imported by e2e/mail_charsets_test.py, which asks the Python that runs it.
"""
import codecs
import json
import random
import sys

SEED = 20261126
ONE_BYTE = """cp037 cp1006 cp1026 cp1125 cp1140 windows-1250 windows-1251 windows-1252 windows-1253 windows-1254 windows-1255 windows-1256 windows-1257 windows-1258
cp273 cp424 cp437 cp500 cp720 cp737 cp775 cp850 cp852 cp855 cp856 cp857 cp858 cp860 cp861 cp862 cp863 cp864 cp865 cp866 cp869 cp874 cp875 us-ascii
hp-roman8 iso-8859-1 iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-5 iso-8859-6 iso-8859-7 iso-8859-8 iso-8859-9 iso-8859-10 iso-8859-11 iso-8859-13 iso-8859-14
iso-8859-15 iso-8859-16 koi8-r koi8-t koi8-u kz1048 mac-arabic mac-croatian mac-cyrillic mac-farsi mac-greek mac-iceland mac-latin2 mac-roman mac-romanian
mac-turkish palmos ptcp154 tis-620""".split()
MANY_BYTES = """big5 big5-hkscs cp932 cp949 cp950 euc-jis-2004 euc-jisx0213 euc-jp euc-kr ks_c_5601-1987 gb18030 gb2312 gbk johab shift_jis shift_jis-2004
shift_jisx0213""".split()
STATEFUL = """hz iso-2022-jp iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-2004 iso-2022-jp-3 iso-2022-jp-ext iso-2022-kr utf-7 utf-8 utf-8-sig utf-16 utf-16le utf-16be
utf-32 utf-32le utf-32be""".split()
# Ten characters of these came later; how many bytes are wrong where one stands is not read as Python does.
UNLIKE_PYTHON = {"euc-jisx0213", "shift_jisx0213"}
# Most were wrong once: tone marks, what is held back before a wrong byte, halves of characters, C1 bytes, and so on. The last ones Python does not know.
KNOWN = [
    ("windows-1258", "5469eaec6e67"), ("windows-1258", "8c81"), ("windows-1255", "f9e1faff21"), ("windows-1255", "f9c8"), ("utf-16le", "6100620000d863006400"),
    ("utf-16", "6100dc0062"), ("utf-16be", "d8000061d800"), ("utf-32le", "ffffffff6100000062000000"), ("utf-32", "00d800006100"), ("ks_c_5601-1987", "94ee20b6ff"),
    ("euc-kr", "a4d4a4a7a4c7a4b1"), ("euc-kr", "a4d4a4a7"), ("euc-kr", "a4d4a4a7a4c74141"), ("euc-jp", "8eb1816181"), ("euc-jp", "8fa2b78f"), ("gbk", "80203130"),
    ("gbk", "d6"), ("big5", "a145a14ea1c2a1e3a1f2a1f3a241a242a244a246a247c6e7c7fcc8a1"), ("cp950", "c6a1c7f2"), ("big5-hkscs", "a15aa1c3a2cc8862"),
    ("mac-roman", "c6f0"), ("mac-cyrillic", "ff"), ("tis-620", "9161"), ("cp932", "80a0fdfeff8140"), ("shift_jis", "80a05c7e815c"), ("johab", "84415cd9e8"),
    ("shift_jis-2004", "815c815f81b081d45c7e"), ("gb18030", "a6d9fe51823590378135f437e3329a35"), ("gb18030", "813081"), ("euc-jis-2004", "8fa2af8fa1a1"),
    ("iso-2022-jp-ext", "1b2428442f221b284936451b2842"), ("iso-2022-jp-2", "1b2e461b4e61"), ("iso-2022-jp", "1b2442467c4b1b2842"), ("iso-2022-jp", "1b2842ff1b2478"),
    ("iso-2022-jp", "1b5b6d61"), ("iso-2022-kr", "1b2429430e6c6d0a6c6d"), ("hz", "7e7b56504e440a6162"), ("hz", "7e7b56507e"), ("utf-7", "2b414f6b2d2b4145"),
    ("utf-7", "2b324141"), ("utf-7", "2b3241412d"), ("utf-7", "ff2b21"), ("cp424", "7078"), ("utf-8-sig", "efbbbfc3a9"), ("ucs-2", "0061"), ("windows-874", "a1"),
    ("iso-8859-8-i", "e0"), ("wchar_t", "61000000"), ("x-sjis", "616263"), ("iso-10646", "00000061"), ("unknown-8bit", "ff"), ("x-user-defined", "e9"),
]
TEXTS = ["é", "ü", "日", "本", "語", "カ", "ナ", "ｶ", "한", "글", "똠", "中", "文", "А", "я", "α", "ש", "ª", "a", "b", " ", "¢", "—", "～", "方", "ê\u0301", "😀"]
ESCAPES = [b"\x1b$B", b"\x1b(B", b"\x1b(J", b"\x1b$@", b"\x1b(I", b"\x1b$(D", b"\x1b$(C", b"\x1b$A", b"\x1b.A", b"\x1b.F", b"\x1bN", b"\x1b$)C", b"\x0e", b"\x0f",
           b"\n", b"\x1b$(Q", b"\x1b$(P", b"\x1b$(O", b"\x1b&@\x1b$B", b"\x1b", b"\x1b(", b"\x1b[A"]
MARKS = {"hz": [b"~{", b"~}", b"~~", b"~\n", b"~"], "utf-7": [b"+", b"-", b"+AGE-", b"+2AA", b"+2D3eAA", b"+AG", b"+A", b"AAAA", b"/"],
         "utf-16": [b"\x00\xd8", b"\xd8\x00", b"\x00\xdc", b"\xff\xfe", b"\xfe\xff"], "euc-kr": [b"\xa4\xd4\xa4\xa7\xa4\xc7\xa4\xb1", b"\xa4\xd4", b"\xa4"]}


def replaced(raw, charset):
    try:
        text = raw.decode(charset, "replace")
        text.encode()
        return text
    except (LookupError, UnicodeError):
        return None


def kept(raw, charset):
    try:
        try:
            text = raw.decode(charset)
        except UnicodeDecodeError:
            text = raw.decode(charset, "surrogateescape")
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except (LookupError, UnicodeError):
        return None


def piece(r, charset):
    """Text that the charset has, or bytes that may mean anything."""
    marks = ESCAPES if charset.startswith("iso-2022") else MARKS.get(charset.removesuffix("le").removesuffix("be"), [b"\xff", b"\x80"])
    text = "".join(r.choice(TEXTS) for _ in range(r.randrange(1, 8)))
    some = {"text": lambda: text.encode(charset, "ignore"),
            "high": lambda: bytes(r.randrange(0x80, 256) for _ in range(r.randrange(1, 6))),
            "low": lambda: bytes(r.randrange(0x20, 0x7f) for _ in range(r.randrange(1, 6))),
            "any": lambda: bytes(r.randrange(256) for _ in range(r.randrange(1, 6))),
            "mark": lambda: r.choice(marks)}
    return some[r.choice(["text", "text", "high", "low", "any", "mark"])]()


def broken(r, charset):
    return b"".join(piece(r, charset) for _ in range(r.randrange(1, 6))) or b"a"


def pairs(charset):
    """Every character of two bytes, and those of Japanese EUC of three, 400 at once."""
    found = [bytes([a, b]) for a in range(0x80, 256) for b in range(0x30, 256)]
    if charset.startswith("euc-j"):
        found += [bytes([0x8f, a, b]) for a in range(0xa1, 0xff) for b in range(0xa1, 0xff)]
    valid = []
    for one in found:
        try:
            one.decode(charset)
            valid.append(one)
        except UnicodeDecodeError:
            pass
    return [b" ".join(valid[at:at + 400]) for at in range(0, len(valid), 400)]


def cases(count):
    """(charset, bytes): what stands above, every byte of the charsets of one byte, and so many broken texts of each of the others."""
    r = random.Random(SEED)
    yield from ((charset, bytes.fromhex(raw)) for charset, raw in KNOWN)
    yield from ((charset, bytes(range(256))) for charset in ONE_BYTE)
    for charset in MANY_BYTES + STATEFUL:
        if charset not in UNLIKE_PYTHON:
            yield from ((charset, broken(r, charset)) for _ in range(count))


def main():
    for charset, raw in cases(int(sys.argv[1]) if len(sys.argv) > 1 else 10):
        line = {"charset": charset, "bytes": raw.hex(), "replaced": replaced(raw, charset)}
        if kept(raw, charset) != line["replaced"]:
            line["kept"] = kept(raw, charset)
        print(json.dumps(line, ensure_ascii=False))


if __name__ == "__main__":
    assert all(codecs.lookup(charset) for charset in ONE_BYTE + MANY_BYTES + STATEFUL)
    main()
