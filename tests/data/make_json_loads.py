"""Makes json_loads.jsonl: texts, and what Python's json.loads and TAHOE's rules make of each.

Every line is {"text", "verdict", "dumps"}; verdict is ok, not_json or forbidden; dumps is json.dumps of what was read.
"""
import json
import random
import sys

SEED = 20260101
WORDS = ['null', 'true', 'false', 'NaN', 'Infinity', '-Infinity', '-', '0', '-0', '1', '01', '1.', '.5', '1.5', '1e5',
         '1E+2', '1e', '1e400', '-1e400', '1e-400', '0e999999', '123456789012345678', '9223372036854775807',
         '9223372036854775808', '-9223372036854775808', '-9223372036854775809', '18446744073709551615',
         '18446744073709551616', '1' * 400, '1' * 400 + '.0', '1' * 308 + '.5', '0.1234567890123456789012345', '2.5e-324', '5e-324',
         '2e-324', '1.7976931348623157e308', '1.7976931348623159e308', '1e23', '1e16', '1e15', '-1e-5', '0.0001',
         '""', '"a"', '" b "', '"\\u0000"', '"\\ud800"', '"\\udc00"', '"\\ud83d\\ude00"', '"\\uD83D\\uDE0"',
         '"\\ud800\\u0041"', '"\\ud800\\ud800\\udc00"', '"\\x41"', '"\\/\\b\\f\\n\\r\\t\\\\\\""', '"\\u00e9\u00e9"',
         '"\t"', '"\x7f"', '"\u2028"', '"\U0001f600"', '[]', '{}', '[1,2]', '{"a":1}', '{"a":1,"a":2}',
         '{"a":9223372036854775808,"a":2}', '{"":[]}', '[[],{}]', '"unterminated', "'a'", 'nul', 'Truee', '/**/', '\ufeff']
MARKS = list('[]{},:"\\ \t\n\r0123456789eE+-.aZu\x00\x01\x0b\x0c\u00a0\u00e9') + WORDS


class Forbidden(Exception):
    pass


def verdict(text):
    found = []

    def integer(digits):
        value = int(digits) if len(digits) < 4000 else 10 ** 4000
        if not -2 ** 63 <= value < 2 ** 63:
            found.append(digits)
        return value

    def real(digits):
        value = float(digits)
        if value in (float('inf'), float('-inf')):
            found.append(digits)
        return value

    def constant(name):
        found.append(name)

    def strings(value):
        if isinstance(value, str):
            if any(0xd800 <= ord(c) < 0xe000 for c in value):
                found.append(value)
        elif isinstance(value, list):
            for item in value:
                strings(item)

    def pairs(items):
        for key, value in items:
            strings(key)
            strings(value)
            if '\0' in key:
                found.append('key')
        return dict(items)

    try:
        value = json.loads(text, parse_int=integer, parse_float=real, parse_constant=constant, object_pairs_hook=pairs)
    except ValueError:
        return {'text': text, 'verdict': 'not_json', 'dumps': ''}
    strings(value)
    if found:
        return {'text': text, 'verdict': 'forbidden', 'dumps': ''}
    return {'text': text, 'verdict': 'ok', 'dumps': json.dumps(value)}


def grown(r, depth):
    kind = r.random()
    if depth == 0 or kind < 0.4:
        return r.choice(WORDS[:-8] if r.random() < 0.9 else WORDS)
    space = r.choice(['', '', ' ', '\n', '\t '])
    if kind < 0.7:
        return '[' + space + (',' + space).join(grown(r, depth - 1) for _ in range(r.randrange(4))) + ']'
    return '{' + ','.join('"%s"%s:%s' % (r.choice('abc'), space, grown(r, depth - 1)) for _ in range(r.randrange(4))) + '}'


def mutated(r, text):
    for _ in range(r.choice([0, 1, 1, 2])):
        at = r.randrange(len(text) + 1)
        how = r.random()
        if how < 0.4:
            text = text[:at] + r.choice(MARKS) + text[at:]
        elif how < 0.7:
            text = text[:at] + text[at + r.randrange(1, 4):]
        else:
            text = text[:at] + r.choice(MARKS) + text[at + 1:]
    return text


def main():
    r = random.Random(SEED)
    texts = dict.fromkeys(WORDS)
    while len(texts) < 6000:
        texts[mutated(r, grown(r, r.randrange(4)))] = None
    for text in texts:
        sys.stdout.write(json.dumps(verdict(text)) + '\n')


if __name__ == '__main__':
    main()
