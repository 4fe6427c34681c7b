#!/usr/bin/env python3
"""Draws the golden page in PDFs whose scans are coded as JBIG2 and JPEG 2000. Needs Pillow with OpenJPEG; run it in this folder."""
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

import jbig2

bits = Image.open("letter.png").convert("1")
WIDTH, HEIGHT = bits.size
POINTS = tuple(side * 72 / 200 for side in bits.size)


def write_pdf(name, pictures):
    """A page for each picture: entries of its dictionary, its data, and data that it refers to as JBIG2Globals."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b""]
    kids = []
    for entries, data, shared in pictures:
        if shared:
            objects.append(stream("", shared))
            entries += f"/DecodeParms<</JBIG2Globals {len(objects)} 0 R>>"
        size = f"/Type/XObject/Subtype/Image/Width {WIDTH}/Height {HEIGHT}"
        objects.append(stream(size + entries, data))
        content = "q %g 0 0 %g 0 0 cm /Scan Do Q" % POINTS
        objects.append(stream("", content.encode()))
        resources = f"<</XObject<</Scan {len(objects) - 1} 0 R>>>>"
        box = "[0 0 %g %g]" % POINTS
        objects.append(f"<</Type/Page/Parent 2 0 R/MediaBox{box}/Contents {len(objects)} 0 R/Resources{resources}>>".encode())
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<</Type/Pages/Kids[{' '.join(kids)}]/Count {len(kids)}>>".encode()
    out, places = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n<</Root 1 0 R/Size {len(objects) + 1}>>\n"
    Path(name).write_bytes(bytes(out) + f"{end}startxref\n{len(out)}\n%%EOF\n".encode())


def stream(entries, data):
    return f"<<{entries}/Length {len(data)}>>\nstream\n".encode() + data + b"\nendstream"


ink = [[int(value == 0) for value in bits.convert("L").tobytes()[y * WIDTH:(y + 1) * WIDTH]] for y in range(HEIGHT)]
fax = BytesIO()
ImageOps.invert(bits.convert("L")).convert("1").save(fax, "TIFF", compression="group4", tiffinfo={278: HEIGHT})
with Image.open(fax) as image:
    [start], [length] = image.tag_v2[273], image.tag_v2[279]
set_page, letters = jbig2.symbols(ink)
code = "/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/JBIG2Decode"
write_pdf("coded-jbig2.pdf", [
    (code, jbig2.generic(ink), None),
    (code, set_page, letters),
    (code, jbig2.mmr(fax.getvalue()[start:start + length], WIDTH, HEIGHT), None)])

# as a scanner has it: no letter has sharp edges
gray = Image.open("letter.webp").convert("L")
paper = Image.merge("RGB", [gray.point(lambda v, top=top: v * top // 255) for top in (250, 244, 225)])


def jpx(image, **options):
    file = BytesIO()
    image.save(file, "JPEG2000", **options)
    return file.getvalue()


write_pdf("coded-jpx.pdf", [
    ("/Filter/JPXDecode", jpx(gray, irreversible=True, quality_mode="rates", quality_layers=[40]), None),
    ("/Filter/JPXDecode", jpx(paper, irreversible=True, quality_mode="rates", quality_layers=[80], tile_size=(512, 512)), None),
    ("/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/JPXDecode", jpx(gray, no_jp2=True, quality_mode="rates",
                                                                       quality_layers=[40]), None)])
