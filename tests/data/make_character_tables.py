"""Prints the rows `differences` and `holes` of tahoe/mail/character_tables.cpp: where Python's codecs and this machine's iconv differ, character by character.

clang-format lays them out. Those in the tree are of Python 3.11 and glibc 2.36. `SOURCES` is as in tahoe/mail/character_set.cpp.
"""
import ctypes

LIBC = ctypes.CDLL("libc.so.6")
LIBC.iconv_open.restype = ctypes.c_void_p
LIBC.iconv.argtypes = [ctypes.c_void_p] * 5
LIBC.iconv.restype = ctypes.c_size_t
FAILED = ctypes.c_size_t(-1).value
HOLE = "\ufffd"
ONE_BYTE = {"cp1026": "CP1026", "cp273": "CP273", "cp424": "CP424", "cp856": "CP856", "cp875": "CP875", "mac-cyrillic": "MAC-CYRILLIC", "mac-roman": "MACINTOSH",
            "tis-620": "TIS-620"}
# codec -> iconv's name, the first byte that begins two, what iconv's second table is
SOURCES = {"big5": ("BIG5", 0xa1), "cp950": ("BIG5", 0xa1), "big5hkscs": ("BIG5-HKSCS", 0x87), "cp932": ("CP932", 0x81), "shift_jis": ("SJIS", 0x81),
           "euc_jp": ("EUC-JP", 0xa1), "euc_kr": ("EUC-KR", 0xa1), "cp949": ("UHC", 0x81), "johab": ("JOHAB", 0x81), "gb2312": ("EUC-CN", 0xa1),
           "gbk": ("GBK", 0x81), "gb18030": ("GB18030", 0x81), "euc_jis_2004": ("EUC-JISX0213", 0xa1, "EUC-JP"),
           "euc_jisx0213": ("EUC-JISX0213", 0xa1, "EUC-JP"), "shift_jis_2004": ("SHIFT_JISX0213", 0x81), "shift_jisx0213": ("SHIFT_JISX0213", 0x81)}


class Iconv:
    def __init__(self, name):
        self.table = LIBC.iconv_open(b"UTF-8", name.encode())
        assert self.table != FAILED, name
        self.room = ctypes.create_string_buffer(64)

    def __call__(self, raw):
        """The text of these bytes alone; None if they are none."""
        LIBC.iconv(self.table, None, None, None, None)
        source = ctypes.create_string_buffer(raw, len(raw))
        at, left = ctypes.c_void_p(ctypes.addressof(source)), ctypes.c_size_t(len(raw))
        to, free = ctypes.c_void_p(ctypes.addressof(self.room)), ctypes.c_size_t(64)
        if LIBC.iconv(self.table, ctypes.byref(at), ctypes.byref(left), ctypes.byref(to), ctypes.byref(free)) == FAILED or left.value:
            return None
        LIBC.iconv(self.table, None, None, ctypes.byref(to), ctypes.byref(free))
        return self.room.raw[:64 - free.value].decode()


def python(raw, codec):
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return None


def sequences(codec, lead):
    """Every sequence that may be one character, but for most of ASCII."""
    japanese_euc = codec.startswith("euc_j")
    alone = [a for a in range(0x80 if codec in SOURCES else 0, 256) if python(bytes([a]), codec) is not None]
    yield from (bytes([a]) for a in (*alone, 0x5c, 0x7e))
    if codec not in SOURCES:
        return
    yield from (bytes([a, b]) for a in range(0x80, 256) if a not in alone and (a >= lead or (a == 0x8e and japanese_euc)) for b in range(256))
    if japanese_euc:
        yield from (bytes([0x8f, a, b]) for a in range(0x21, 0xff) for b in range(0x21, 0xff))
    if codec == "gb18030":
        yield from (bytes([a, b, c, d]) for a in range(0x81, 0x86) for b in range(0x30, 0x3a) for c in range(0x81, 0xff) for d in range(0x30, 0x3a))


def different(codec):
    """code -> Python's character, or HOLE."""
    name, lead, *more = SOURCES.get(codec) or (ONE_BYTE[codec], 0)
    tables = [Iconv(one) for one in (name, *more)]
    found = {}
    for raw in sequences(codec, lead):
        theirs = next((text for text in (table(raw) for table in tables) if text is not None), None)
        ours = python(raw, codec)
        if ours != theirs and not (codec == "euc_kr" and raw == b"\xa4\xd4"):  # begins a syllable of eight bytes
            found[int.from_bytes(raw, "big")] = ours or HOLE
    return found


def runs(found):
    """(first code, characters) of neighbours that are all holes, or all none."""
    made = []
    for code, character in sorted(found.items()):
        last = made[-1] if made else None
        if last and last[0] + len(last[1]) == code and (last[1][0] == HOLE) == (character == HOLE):
            last[1] += character
        else:
            made.append([code, character])
    return made


def literal(text):
    spelt = {"\\": "\\\\", '"': '\\"'}
    return "".join(spelt.get(c) or (c if 0x20 < ord(c) < 0x7f else f"\\x{ord(c):02x}" if ord(c) < 0x80 else f"\\u{ord(c):04x}") for c in text)


def main():
    rows = {}
    for codec in (*SOURCES, *ONE_BYTE):
        for first, text in runs(different(codec)):
            rows.setdefault((text[0] == HOLE, first, text), []).append(codec)
    for (hole, first, text), codecs in sorted(rows.items()):
        what = f"0x{first + len(text) - 1:x}" if hole else f'u"{literal(text)}"'
        print(f'    {{" {" ".join(codecs)} ", 0x{first:x}, {what}}},')


if __name__ == "__main__":
    main()
