"""Makes emails.jsonl: e-mails, and what the original's filter reads in them with Python's email package.

Every line is {"text", "event"}; event is null where the filter cannot use the e-mail, else its data and timestamp.
A Date without a zone is read as UTC, which the original leaves to its machine's zone.
"""
import json
import random
import sys
import warnings
from datetime import timezone
from email.parser import Parser
from email.policy import default

SEED = 20260102
warnings.simplefilter('ignore')


def parts_of(header):
    if header[-1] == '>':
        name, _, address = header.rpartition(' ')
        return name, address[1:-1]
    return '', header


def event_of(text):
    message = Parser(policy=default).parsestr(text)
    for key in ('from', 'to', 'subject', 'date'):
        if not message[key]:
            return None
    data = {}
    for key, name in (('from', 'src'), ('to', 'dst')):
        who, address = parts_of(str(message[key]))
        data[name] = [{'email_addr': [address]}]
        if who:
            data[name][0]['name'] = [who]
    if message['X-Mailgun-Sending-Ip']:
        data['src'][0]['ipv4'] = [str(message['X-Mailgun-Sending-Ip'])]
    if message['reply-to']:
        data['reply_to'] = [{'email_addr': [str(message['reply-to'])]}]
    data['subject'] = [str(message['subject'])]
    data['body'] = [message.get_body(preferencelist=('plain', 'html')).get_content()]
    when = message['date'].datetime
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    return {'data': data, 'timestamp': when.timestamp()}


def case(text):
    try:
        event = event_of(text)
        json.dumps(event).encode()
        if '\\ud8' in json.dumps(event) and any(0xd800 <= ord(c) < 0xe000 for c in json.dumps(event, ensure_ascii=False)):
            event = None
    except Exception:
        event = None
    return {'text': text, 'event': event}


ADDRESSES = [
    'a@b.c', 'John Doe <jdoe@example.com>', '"Doe, John" <j.doe@example.com>', 'John Q. Doe <j@e.com>', '<x@y.z>', '"x" <x@y.z>',
    'j@e.com (John)', '(c) John (d) Doe (e) <j@e.com> (f)', '=?utf-8?q?Jos=C3=A9?= <jose@e.com>',
    '=?utf-8?b?SsO8cmdlbg==?= =?iso-8859-1?q?M=FCller?= <jm@e.com>', '"=?utf-8?q?quoted?=" <q@e.com>', 'Friends: a@b.c, D <d@e.f>;',
    'undisclosed-recipients:;', 'undisclosed-recipients: ;', '"Dr. \\\\"X\\\\"" <x@e.com>', 'a b c', 'nobody', '', ' ', ',', 'a@b, , c@d',
    'john smith@example.com', 'john . smith @ example . com', '<@route.a,@route.b:x@y.z>', 'x@[127.0.0.1]', 'x@[127.0.0.1', 'Name <x@y',
    'Name <>', '<>', 'Name x@y.z', 'a@b@c', '"unclosed <a@b.c>', 'Jos\u00e9 <jose@b.c>', 'jos\u00e9@b.c', '\u65e5\u672c <n@h.jp>', 'a@b.c; d@e.f',
    'Name <a b@c.d>', '"a b"@c.d', 'A.B.C <a@b>', '. <a@b>', 'A. <a@b>', 'A.<a@b>', 'foo@', '@bar', '"" <a@b>', '""@b', '<a@b>, C <d@e>',
    'A <a@b>, "B, C" <b@c>', 'x (unclosed', 'x ((nested) deep) <a@b>', 'A\\\\B <a@b>', '=?x-unknown?q?abc=FF?= <a@b>', '=?utf-8?q?a_b__c?= <a@b>',
    '=?utf-8?q?bad=?= <a@b>', '=?utf-8?x?bad?= <a@b>', '=?utf-8?q?a=2C_b?= <a@b>', '[a@b]', 'a@b>', 'A <<a@b>>', '"A" B "C" <a@b>', 'A"B"C <a@b>',
    'G: <a@b>;, H: x;', 'G: a@b', 'a:b@c', 'user+tag@sub.example.co.uk', 'Name\t<a@b>', "O'Brien <o@b>", 'A <a@b> trailing', 'mailto:a@b',
]
SUBJECTS = [
    'Hello', ' Hello  World ', 'a\n b', 'a\n\tb', '\n x', '=?utf-8?q?caf=C3=A9?=', '=?utf-8?q?a?= =?utf-8?q?b?=', '=?utf-8?q?a?=\n =?utf-8?q?b?=',
    'x=?utf-8?q?a?=y', '=?utf-8?q?a?=b', 'Re: =?iso-8859-1?Q?Gr=FC=DFe?= to', '=?utf-8?b?5pel5pys?=', '=?utf-8?b?5pel5pys', '=?utf-8?b?5pel5p?=',
    '=?gb2312?b?xOO6ww==?=', '=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=', '=?utf-8?q?=FF=FE?=', '=?nonsense?q?=C3=A9?=', '=?us-ascii?q?=C3=A9?=', '=??q?a?=',
    '=?utf-8*en?q?lang?=', '=?utf-8?q?has space?=', '=?utf-8?q??=', '', '   ', 'caf\u00e9 \u65e5\u672c', '=?utf-8?Q?=3D?=', '=?utf-8?q?a?b?=', '=?=?=', 'a=?b',
    '=?utf-8?q?_lead?= x', 'tab\there', '=?windows-1252?q?=93q=94=81?=', '=?utf-8?q?nl=0Ax?=', '=?koi8-r?b?8NLJ18XU?=', '=?utf-8?q?x?= \t =?utf-8?q?y?= z',
]
DATES = [
    'Fri, 21 Nov 1997 09:55:06 -0600', 'Mon, 5 Apr 2021 13:38:21 -0700', '5 Apr 2021 13:38:21 GMT', '5 Apr 2021 13:38:21', '5 Apr 21 13:38 EST',
    'Mon,5 Apr 2021 13:38:21 +0000', 'Monday, 05-Apr-21 13:38:21 GMT', 'Mon Apr  5 13:38:21 2021', 'Mon, 5 Apr 2021 13:38:21 -0000', '', 'garbage',
    'Mon, 5 Apr 2021 25:00:00 +0000', '31 Feb 2021 00:00:00 +0000', '5 Apr 2021 13:38:21 +2500', '5 Apr 2021 13:38:21 XYZ', '5 Apr 2021 13.38.21 +0100',
    '5 April 2021 13:38:21 PDT', '5 Apr 2021 13:38:21 +0530 (IST)', '5 Apr 69 00:00:00 Z', '5 Apr 68 00:00:00 Z', '2021-04-05 13:38:21', 'Apr 5, 2021 13:38:21 +0100',
    'Mon, 5 Apr 2021 13:38:21+0200', 'Mon, 5 Apr\n 2021 13:38:21 +0200', '5 Apr 2021 13:38:60 +0000', 'Tue, 29 Feb 2000 00:00:00 +0000', '1 Jan 1960 00:00:00 +0000',
    '5 Apr 2021 13:38:21 -1', '5 Apr 2021 13 +0000', '5 Apr 10000 00:00:00 +0000', 'Mon, 5 Apr 2021 13:38:21 UT', '5, Apr, 2021, 13:38:21, +0100',
]
BODIES = [
    'Hello\n', 'Hello', '', '\n', 'a\r\nb\r\n', 'caf\u00e9\n', '\u65e5\u672c\U0001f600\n', 'x =3D y=\nz=\n', 'SGVsbG8gd8O2cmxk\n', 'SGVs\nbG8=\n', 'S', '=C3=A9 =E9 =XY =', 'w\u00f6rld =E2=82=AC\n',
    '--x\n', 'a\n\n\nb', 'From here\n', 'trailing  \n', '\ttabs\n',
]
CHARSETS = ['', '; charset=utf-8', '; charset="utf-8"', '; charset=UTF8', '; charset=iso-8859-1', '; charset=us-ascii', '; charset=windows-1252', '; charset=bogus', '; charset=koi8-r',
            "; charset*=us-ascii''utf-8", '; charset=utf-8 (c)', ' ; format=flowed; charset=utf-8', '; charset=', '; charset=gb18030', '; charset=big5', '; charset=latin1', '; charset=shift_jis',
            "; charset*0=utf-; charset*1=8", '; charset=utf-8; charset=ascii', '; CHARSET=UTF-8', '; charset="iso-8859-15"', '; charset=utf_8', '; charset=ANSI_X3.4-1968', ';charset=utf-16']
ENCODINGS = ['', '7bit', '8bit', 'quoted-printable', 'base64', 'Base64', 'QUOTED-PRINTABLE', 'base64 ', 'bogus', 'binary']


def leaf(r, kinds=('text/plain', 'text/plain', 'text/html', 'application/pdf', 'image/png', 'TEXT/Plain', 'text', 'text/csv', 'message/rfc822')):
    lines = []
    if r.random() < 0.85:
        lines.append('Content-Type: ' + r.choice(kinds) + r.choice(CHARSETS))
    if r.random() < 0.6:
        lines.append('Content-Transfer-Encoding: ' + r.choice(ENCODINGS))
    if r.random() < 0.15:
        lines.append('Content-Disposition: ' + r.choice(['attachment', 'inline', 'attachment; filename="a"', 'ATTACHMENT']))
    if r.random() < 0.1:
        lines.append('Content-ID: <' + r.choice('ab') + '>')
    return lines, r.choice(BODIES)


def entity(r, depth):
    if depth == 0 or r.random() < 0.55:
        return leaf(r)
    boundary = r.choice(['x', 'xx', '=_b', 'b b', '-'])
    kind = r.choice(['mixed', 'alternative', 'related', 'digest', 'MIXED', 'related; start="<b>"'])
    lines = ['Content-Type: multipart/%s; boundary=%s' % (kind, r.choice(['"%s"' % boundary, boundary, '"%s"' % boundary]))]
    text = r.choice(['', 'preamble\n', '\n'])
    for _ in range(r.randrange(4)):
        inner_lines, inner = entity(r, depth - 1)
        text += '--' + boundary + r.choice(['', '', ' ']) + '\n' + ''.join(l + '\n' for l in inner_lines) + '\n' + inner + r.choice(['\n', '\n', ''])
    text += r.choice(['--' + boundary + '--\n', '--' + boundary + '--', '', '--' + boundary + '--\nepilogue\n'])
    return lines, text


def email(r):
    headers = []
    for name, values, always in (('From', ADDRESSES, 0.97), ('To', ADDRESSES, 0.97), ('Subject', SUBJECTS, 0.97), ('Date', DATES, 0.98), ('Reply-To', ADDRESSES, 0.3)):
        if r.random() < always:
            usual = values[:3] if name in ('From', 'To', 'Date') and r.random() < 0.5 else values
            headers.append(r.choice([name, name, name.upper(), name.lower()]) + ':' + r.choice([' ', ' ', '', '  ', '\n ']) + r.choice(usual))
    if r.random() < 0.2:
        headers.append('X-Mailgun-Sending-Ip: ' + r.choice(['1.2.3.4', '', '::1', '=?utf-8?q?1.1.1.1?=']))
    lines, body = entity(r, r.randrange(4))
    headers += lines
    if r.random() < 0.2:
        headers.append('X-Other: ' + r.choice(['y', 'folded\n here', 'caf\u00e9']))
    r.shuffle(headers)
    if r.random() < 0.05:
        headers.insert(r.randrange(len(headers) + 1), r.choice(['not a header', 'From someone', ' continuation', ': empty', 'Bad Name: x', 'From: second@x']))
    text = '\n'.join(headers) + r.choice(['\n\n', '\n\n', '\n\n', '\n']) + body
    if r.random() < 0.15:
        text = text.replace('\n', '\r\n')
    if r.random() < 0.1:
        at = r.randrange(len(text))
        text = text[:at] + r.choice(['\n', '"', '(', '<', '=?', ';', '\x00', '\u00e9', '\r']) + text[at:]
    return text


UUENCODED = [
    'begin 644 a.txt\n%2&5L;&\\\n`\nend\n', 'text before\nbegin 644 a.txt\n%2&5L;&\\\n%2&5L;&\\\n \nend\ntext after\n', 'begin 644 a.txt\r\n%2&5L;&\\\r\n`\r\nend\r\n',
    'begin 644 a.txt\n%2&5L;&\\', 'begin 644 a.txt\n%2&5L;&\\\n\nend\n', 'begin 999 a.txt\n%2&5L;&\\\nend\n', 'begin\n%2&5L;&\\\nend\n', 'begin 644\n%2&5L;&\\\n end \n',
    'begin 644 a.txt\n%2&5L;&\\xyz\n`\nend\n', 'begin 644 a.txt\n%2&5L;&\\``  \n`\nend\n', 'begin 644 a.txt\n%2&\x7f5L;&\\\n`\nend\n', 'begin 644 a.txt\nend\n', 'begin 644 a.txt\n%\nend\n',
    'no uuencoded text\n', '', 'begin 0o644 a.txt\n#0V%T\n#0V%T\n`\nend\n', 'begin 644 caf\u00e9\n$PZG#J0``\n`\nend\n', 'Begin 644 a.txt\n#0V%T\nend\n', 'begin 64x a\nbegin 644 b\n#0V%T\nend\n',
]
HALF_CHARACTERS = ['N <"a \u00e9b"@x>', 'N <"a \u65e5"@x>', 'N <"a \U0001f600"@x>', '"\u00e9', 'x <\u00e9>', '"\u00e9 \u00e9"@\u00e9>']
MARKS = [
    '=? =? =? =? ', '=? =? =? =? ?=', '=?a?q?z=?a?q?z=?a?q?z', 'x=?a?q?z=?a?q?z=?a?q?z', 'x=?utf-8?q?a?=x=?utf-8?q?a?=x=?utf-8?q?a?=yy', 'x?= y?= =?utf-8?q?a?= x?=', '=?a?x?b?==?a?x?b?=',
    'x=?a?x?b?=y=?utf-8?q?b?=', '=?utf-8?q?=41?=?=', '=?utf-8?q?=41', '=?utf-8?=41?q?b?=', '=?utf-8?q?a?b?= =?utf-8?q?c?=', 'x=?utf-8?q?a b?= =?utf-8?q?c?=', '=?=?utf-8?q?a?=', 'a=?=b=?utf-8?q?a?=c', '=?',
    'x=?utf-8?q?a?= =?utf-8?q?b?=y ?=', 'x=?utf-8?q??=', 'a a a     ',
]


def main():
    r = random.Random(SEED)
    plain = 'From: %s\nTo: a@b.c\nSubject: %s\nDate: %s\n\nbody\n'
    texts = [plain % (a, 's', DATES[0]) for a in ADDRESSES]
    texts += [plain % ('a@b.c', s, DATES[0]) for s in SUBJECTS]
    texts += [plain % ('a@b.c', 's', d) for d in DATES]
    for charset in CHARSETS:
        for encoding in ENCODINGS[:5]:
            for body in BODIES:
                if r.random() < 0.3:
                    head = 'Content-Type: text/plain' + charset + ('\nContent-Transfer-Encoding: ' + encoding if encoding else '')
                    texts.append('From: a@b.c\nTo: a@b.c\nSubject: s\nDate: ' + DATES[0] + '\n' + head + '\n\n' + body)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2500
    while len(texts) < count:
        texts.append(email(r))
    coded = plain.replace('\n\nbody\n', '\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: %s\n\n%s')
    texts += [coded % ('a@b.c', 's', DATES[0], cte, body) for cte in ('uuencode', 'X-UUencode', 'uue', 'x-uue') for body in UUENCODED]
    texts += [plain % (a, 's', DATES[0]) for a in HALF_CHARACTERS]
    for mark in MARKS:
        texts += [plain % ('a@b.c', mark, DATES[0]), plain % (mark + ' <a@b.c>', 's', DATES[0]), plain % ('"' + mark + '" <a@b.c>', 's', DATES[0])]
    for text in texts:
        sys.stdout.write(json.dumps(case(text)) + '\n')


if __name__ == '__main__':
    main()
