"""Google's Tink and ours must agree: it opens what we sealed, refuses whatever was changed, and seals for us to open.

sealed.py CASES.json: a list of {"facts", "place", "sealed", "clear"}, the last two being files. What Tink made of each
`clear` is written beside `sealed`, with `.tink` behind its name.
"""

import io
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))

import open_with_tink as ours  # noqa: E402
from tink import TinkError  # noqa: E402

SEGMENT = ours.SEGMENT


def seal(form, key, associated_data, key_id, clear):
    if form == "value":
        return ours.value_primitive(key, key_id).encrypt(clear, ours.bound(key_id, associated_data))

    class Kept(io.BytesIO):
        def close(self):
            self.whole = self.getvalue()

    kept = Kept()
    with ours.file_primitive(key).new_encrypting_stream(kept, associated_data) as stream:
        stream.write(clear)
    return kept.whole


def flips(sealed, at):
    for bit in at:
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        yield f"bit {bit}", bytes(changed)


def changes_of_value(sealed):
    yield from flips(sealed, range(min(len(sealed), 80) * 8))
    yield from flips(sealed, range(len(sealed) * 8 - 128, len(sealed) * 8))
    for length in range(min(len(sealed), 80)):
        yield f"length {length}", sealed[:length]
    yield "longer", sealed + b"x"


def changes_of_file(sealed):
    ends = {8 * position for start in range(0, len(sealed), SEGMENT) for position in (start, min(start + SEGMENT, len(sealed)) - 1)}
    yield from flips(sealed, sorted(ends | {0, 8, 320, 327}))
    segments = [sealed[start : start + SEGMENT] for start in range(0, len(sealed), SEGMENT)]
    yield "cut off by a byte", sealed[:-1]
    # Tink 1.16 doesn't look at what comes behind a last segment that is full (ours refuses it).
    if len(sealed) % SEGMENT:
        yield "longer", sealed + b"x"
    yield "only the header", sealed[:40]
    yield "without its end", b"".join(segments[:-1])
    if len(segments) > 2:
        first, second, *rest = segments
        yield "second twice", b"".join([first, second, second, *rest])
        yield "without the second", b"".join([first, *rest])
        yield "last before second", b"".join([first, *reversed([second, *rest])])


def check(case):
    """Gives what is wrong."""
    form, key, associated_data = ours.find_key(case["facts"], case["place"])
    sealed, clear = (Path(case[name]).read_bytes() for name in ("sealed", "clear"))
    opens = ours.open_value if form == "value" else ours.open_file
    if opens(key, associated_data, sealed) != clear:
        yield "opens as something else"
    changes = changes_of_value if form == "value" else changes_of_file
    tries = [(what, key, associated_data, changed) for what, changed in changes(sealed)]
    tries += [("another place", key, associated_data + b"x", sealed), ("another key", bytes(32), associated_data, sealed)]
    for what, *arguments in tries:
        try:
            opens(*arguments)
            yield f"opens: {what}"
        except TinkError:
            pass
    Path(case["sealed"] + ".tink").write_bytes(seal(form, key, associated_data, 0xFFFFFFFE, clear))


def main():
    faults = 0
    for case in json.loads(Path(sys.argv[1]).read_text("ascii")):
        for fault in check(case):
            print(f"{case['place']}: {fault}")
            faults += 1
    sys.exit(faults > 0)


main()
