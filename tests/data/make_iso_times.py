"""Makes iso_times.jsonl: texts, and the Unix time that the original reads in them (null: it raises).

No offset is UTC here, where the original takes its machine's zone.
"""
import json
import random
import sys
from datetime import datetime, timezone

SEED = 20260103
BASE = ['2020-04-28T00:00:05.834291Z', '2018-05-06T17:44:05.866769Z', '2018-05-06T17:44:05Z', '2018-05-06 17:44:05', '2018-05-06T17:44', '2018-05-06T17', '2018-05-06',
        '20180506T174405Z', '20180506T1744', '20180506', '2018-W18-7T10:00:00', '2018W187T10', '2018-W18', '2018W18', '2018-05-06T17:44:05+02:00', '2018-05-06T17:44:05-0530',
        '2018-05-06T17:44:05+02', '2018-05-06T17:44:05.1+02:00', '2018-05-06T17:44:05.123456789Z', '2018-05-06T17:44:05,5Z', '2018-05-06T17:44:05.Z', '2018-05-06T24:00:00Z',
        '2018-05-06T23:59:60Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999Z', '0000-01-01T00:00:00Z', '2000-02-29T00:00:00Z', '1900-02-29T00:00:00Z', '2020-W53-7', '2021-W53-1',
        '1969-12-31T23:59:59.5Z', '2018-05-06T17:44:05+23:59', '2018-05-06T17:44:05+24:00', '2018-05-06T17:44:05+01:02:03.5', '2018-05-06T17:44:05-00:00', '2018-05-06\u00e917:44:05Z',
        '2018-05-06T17:44:05 Z', ' 2018-05-06T17:44:05Z', '2018-05-06T17:44:05Z ', '2018-5-6T17:44:05Z', '2018-13-01', '2018-05-06T', '2018-05-06T1', 'x', '', '2018-05-06T17:44:05z', '2018-126T10:00:00', '18-05-06T00:00:00',
        '2255-06-05T23:47:34.740993Z', '2400-01-01T00:00:00.000001Z', '9998-07-03T04:05:06.789012+05:30', '0001-01-01T00:00:00+01:00', '2018-05-06T174405', '2018-05-06T17:4405', '2018-05-06T17:44:05+0200']


def read(text):
    try:
        when = datetime.fromisoformat(text.replace('Z', '+00:00'))
        if when.tzinfo is None:
            when = when.replace(tzinfo=timezone.utc)
        return when.timestamp()
    except Exception:
        return None


def main():
    r = random.Random(SEED)
    texts = dict.fromkeys(BASE)
    while len(texts) < 4000:
        text = r.choice(BASE)
        for _ in range(r.choice([1, 1, 2, 3])):
            at = r.randrange(len(text) + 1)
            text = text[:at] + r.choice(['', r.choice('0123456789'), r.choice('0123456789-:.,+TWZ ')]) + text[at + r.choice([0, 1]):]
        texts[text] = None
    for text in texts:
        sys.stdout.write(json.dumps({'text': text, 'time': read(text)}) + '\n')


if __name__ == '__main__':
    main()
