#!/usr/bin/env python3
"""Draws the golden page in rare kinds of files, written byte by byte here. Needs Pillow; run it in this folder."""
import struct
import zlib
from pathlib import Path

from PIL import Image

DPI = (200, 200)
bits = Image.open("letter.png").convert("1")
page = bits.convert("L")
WIDTH, HEIGHT = page.size


def rows(pixels, width, height, column, row):
    """A tile of whole pixels, padded with the last ones."""
    crop = Image.new("L", (width, height), 255)
    crop.paste(pixels.crop((column, row, min(column + width, WIDTH), min(row + height, HEIGHT))), (0, 0))
    return crop.tobytes()


def write_tiff(name, tags, chunks, chunk_tags, is_big=False, order="<"):
    """One directory behind its data; tags of (number, kind 3 short / 4 long / 16 long of 8 bytes, values)."""
    offset_kind, offset = (16, "Q") if is_big else (4, "I")
    mark = b"II" if order == "<" else b"MM"
    head = struct.pack(order + "HHHQ", 43, 8, 0, 0) if is_big else struct.pack(order + "HI", 42, 0)
    out = bytearray(mark + head)
    places = []
    for chunk in chunks:
        places.append(len(out))
        out += chunk
    tags = sorted(tags + [(chunk_tags[0], offset_kind, places), (chunk_tags[1], offset_kind, [len(c) for c in chunks])])
    entries = b""
    for number, kind, values in tags:
        packed = struct.pack(order + {3: "H", 4: "I", 16: "Q"}[kind] * len(values), *values)
        if len(packed) > struct.calcsize(order + offset):
            at, packed = len(out), out.extend(packed) or b""
            packed = struct.pack(order + offset, at)
        entries += struct.pack(order + "HH" + offset, number, kind, len(values)) + packed.ljust(struct.calcsize(offset), b"\0")
    start = len(out)
    out += struct.pack(order + ("Q" if is_big else "H"), len(tags)) + entries + struct.pack(order + offset, 0)
    struct.pack_into(order + offset, out, 8 if is_big else 4, start)
    Path(name).write_bytes(bytes(out))


def tags(bits_per_sample, compression, photometric, samples=1):
    return [(256, 4, [WIDTH]), (257, 4, [HEIGHT]), (258, 3, [bits_per_sample] * samples), (259, 3, [compression]),
            (262, 3, [photometric]), (277, 3, [samples])]


tiles = [rows(page, 256, 256, x, y) for y in range(0, HEIGHT, 256) for x in range(0, WIDTH, 256)]
tile_tags = [(322, 4, [256]), (323, 4, [256])]
write_tiff("rare-tiled.tif", tags(8, 8, 1) + tile_tags, [zlib.compress(t, 9) for t in tiles], (324, 325))
strips = [bits.crop((0, y, WIDTH, min(y + 100, HEIGHT))).tobytes() for y in range(0, HEIGHT, 100)]
write_tiff("rare-big.tif", tags(1, 8, 1) + [(278, 4, [100])], [zlib.compress(s, 9) for s in strips], (273, 279), True)
write_tiff("rare-big-endian.tif", tags(1, 8, 1) + [(278, 4, [100])], [zlib.compress(s, 9) for s in strips], (273, 279),
           order=">")
words = b"".join(struct.pack("<H", value * 257) for value in page.tobytes())
write_tiff("rare-16-bit.tif", tags(16, 8, 1) + [(278, 4, [HEIGHT])], [zlib.compress(words, 9)], (273, 279))
inks = b"".join(bytes((0, 0, 0, 255 - value)) for value in page.tobytes())
write_tiff("rare-cmyk.tif", tags(8, 8, 5, 4) + [(278, 4, [HEIGHT])], [zlib.compress(inks, 9)], (273, 279))

bits.save("rare-huffman.tif", compression="tiff_ccitt", dpi=DPI)
bits.save("rare-fill-order.tif", compression="group4", dpi=DPI)
# the same codes, lowest bit first
data = Path("rare-fill-order.tif").read_bytes()
with Image.open("rare-fill-order.tif") as image:
    codes = [data[at:at + length] for at, length in zip(image.tag_v2[273], image.tag_v2[279])]
    photometric, strip_rows = image.tag_v2[262], image.tag_v2[278]
turned = [bytes(int(f"{byte:08b}"[::-1], 2) for byte in strip) for strip in codes]
write_tiff("rare-fill-order.tif", tags(1, 4, photometric) + [(266, 3, [2]), (278, 4, [strip_rows])], turned, (273, 279))


def write_png(name, depth, color, packed_rows, interlace=0, extra=b""):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, color, 0, 0, interlace)
    body = zlib.compress(b"".join(b"\0" + row for row in packed_rows), 9)
    Path(name).write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", body) + chunk(b"IEND", b""))


lines = [page.crop((0, y, WIDTH, y + 1)).tobytes() for y in range(HEIGHT)]
write_png("rare-16-bit.png", 16, 0, [bytes(v for value in line for v in (value, value)) for line in lines])
# ink that is black and opaque, paper that is not there
write_png("rare-alpha.png", 8, 4, [bytes(v for value in line for v in (0, 255 - value)) for line in lines])
adam7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
write_png("rare-interlaced.png", 8, 0, [lines[y][x::dx] for x, y, dx, dy in adam7 for y in range(y, HEIGHT, dy)], 1)
page.quantize(4).save("rare-palette.png", optimize=True)

# a standard fax: pixels twice as high as wide
flat = page.resize((WIDTH, HEIGHT // 2), Image.Resampling.BOX).point(lambda v: 255 if v > 140 else 0).convert("1")
flat.save("rare-flat.tif", compression="group4", dpi=(200, 100))
flat.save("rare-flat.png", dpi=(200, 100), optimize=True)
