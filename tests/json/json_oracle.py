#!/usr/bin/env python3
"""Compares check_json with Python's own JSON parser, made strict: every truncation, every change of a single byte
and random splices of valid texts.

    json_oracle.py PATH/TO/json_verdict [SEED]
"""
import json
import random
import struct
import subprocess
import sys

SEEDS = [
    rb'{"id":"123","status":{"code":"OK","message":"Everything is fine!"},"list":[1,2,3],"boolean":true,"d":null}',
    rb' [ -0.5e+10 , 1E400,100000000000000000000, "\ud800\uDFFF", "\"\\\/\b\f\n\r\t", {} , [ ], false ] ',
    '{"żółć":"€ 😀","a":"12345678","a":[[[[{"b":{}}]]]]}'.encode(),
    b'"\xc2\x80\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"',
    b'-12.75', b'0', b'true', b'null', b'""',
]
KIND_NONE, KIND_INVALID_UTF8 = 0, 4


def refuse(name):
    raise ValueError(name)


DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=refuse)


def oracle(text):
    """True, or where Python finds the text to be no UTF-8, or False."""
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    try:
        # Python's own idea of space round a value is RFC 8259's; a byte-order mark is no space.
        end = DECODER.raw_decode(decoded, len(decoded) - len(decoded.lstrip(" \t\r\n")))[1]
        return decoded[end:].strip(" \t\r\n") == ""
    except ValueError:
        return False


def texts(chance):
    for seed in SEEDS:
        yield seed
        yield from (seed[:size] for size in range(len(seed)))
        yield from (seed[:at] + bytes([byte]) + seed[at + 1:] for at in range(len(seed)) for byte in range(256))
        yield from (seed[:at] + seed[at + 1:] for at in range(len(seed)))
    for _ in range(100_000):
        one, other = chance.choice(SEEDS), chance.choice(SEEDS)
        at, end = sorted(chance.randrange(len(other) + 1) for _ in range(2))
        put = chance.randrange(len(one) + 1)
        yield one[:put] + other[at:end] + one[put + chance.randrange(3):]


def main():
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 32)
    asked = list(texts(random.Random(seed)))
    question = b"".join(struct.pack("<I", len(text)) + text for text in asked)
    answers = subprocess.run([sys.argv[1]], input=question, check=True, capture_output=True).stdout.split(b"\n")[:-1]
    assert len(answers) == len(asked), f"{len(answers)} answers to {len(asked)} questions"
    valid = wrong = 0
    for text, answer in zip(asked, answers):
        kind, offset = map(int, answer.split())
        expected = oracle(text)
        valid += expected is True
        right = (kind == KIND_NONE) == (expected is True)
        if expected is not True and expected is not False:  # the first wrong byte is there, or before
            right = right and (offset == expected if kind == KIND_INVALID_UTF8 else offset <= expected)
        right = right and kind != KIND_INVALID_UTF8 or right and not isinstance(expected, bool)
        if not right:
            wrong += 1
            print(f"{text!r}: check_json says kind {kind} at {offset}, Python says {expected}")
    print(f"seed {seed}: {len(asked)} texts, {valid} of them valid, {wrong} differences")
    sys.exit(1 if wrong or valid < 1000 else 0)


main()
