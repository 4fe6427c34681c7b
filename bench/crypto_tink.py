"""The same measures as core/examples/sealing.rs, with Google's Tink."""

import io
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))

import open_with_tink as tink  # noqa: E402

KEY = bytes(32)
FILE = bytes(256 << 20)
ROUNDS = 7


class Kept(io.BytesIO):
    def close(self):
        pass


def median(work):
    seconds = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def seal():
    kept = Kept()
    with tink.file_primitive(KEY).new_encrypting_stream(kept, b"place") as stream:
        stream.write(FILE)
    return kept


def main():
    print(f"seal_gb_per_s {len(FILE) / 1e9 / median(seal):.2f}")
    sealed = seal().getvalue()
    print(f"open_gb_per_s {len(FILE) / 1e9 / median(lambda: tink.open_file(KEY, b'place', sealed)):.2f}")
    primitive = tink.value_primitive(KEY, 1)
    for kibibytes in (1, 16, 256):
        clear = bytes(kibibytes << 10)
        sealed = primitive.encrypt(clear, b"place")
        for what, work in (("seal", lambda: primitive.encrypt(clear, b"place")), ("open", lambda: primitive.decrypt(sealed, b"place"))):
            seconds = median(lambda: [work() for _ in range(200)]) / 200
            print(f"{what}_value_of_{kibibytes}_kib_us_per_kib {seconds * 1e6 / kibibytes:.2f}")


main()
