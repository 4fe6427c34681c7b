#!/usr/bin/env python3
"""Draws pages with barcodes among text. Needs Pillow, zxing-cpp 3 and the DejaVu fonts; run it in this folder. With a
folder as argument it draws many more there: every kind by resolution, skew, turn, noise and JPEG."""
import io
import json
import pathlib
import random
import sys

import zxingcpp
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"
PROSE = ["Please keep this sheet with the parcel until it has arrived.", "The keeper of the harbour signs it in the morning,",
         "and sends the upper half back to the office of the island."]
FINE = 600  # dots per inch of the drawing; a page is a smaller picture of it
KINDS = {"qr_code": zxingcpp.BarcodeFormat.QRCode, "data_matrix": zxingcpp.BarcodeFormat.DataMatrix,
         "aztec": zxingcpp.BarcodeFormat.Aztec, "pdf_417": zxingcpp.BarcodeFormat.PDF417,
         "code_128": zxingcpp.BarcodeFormat.Code128, "code_39": zxingcpp.BarcodeFormat.Code39,
         "ean_13": zxingcpp.BarcodeFormat.EAN13, "itf": zxingcpp.BarcodeFormat.ITF,
         "ean_8": zxingcpp.BarcodeFormat.EAN8, "code_93": zxingcpp.BarcodeFormat.Code93,
         "upc_a": zxingcpp.BarcodeFormat.UPCA}
BARS = {"code_128", "code_39", "code_93", "ean_13", "ean_8", "upc_a", "itf"}
# kind, value, module in millimetres, left and top in millimetres
PIECES = [("qr_code", "https://example.org/parcel/4711?to=Hafen+7", 0.6, 14, 36), ("code_128", "PARCEL-20260714", 0.33, 62, 38),
          ("data_matrix", "Lot 2026-07 / 0815", 0.7, 130, 38), ("ean_13", "4006381333931", 0.4, 14, 72),
          ("aztec", "Ferry 12 Seat 4A", 0.6, 70, 72), ("itf", "12345678901231", 0.4, 95, 72),
          ("pdf_417", "Seat 12A, from the harbour to the lighthouse", 0.33, 14, 102), ("code_39", "HAFEN-07", 0.35, 80, 102),
          ("qr_code", "a\x1b[31m<b>&\"=1+1", 0.5, 140, 100)]


def draw_code(kind, value, module):
    """Gives a code as a picture of FINE dots per inch without white around it."""
    symbol = zxingcpp.create_barcode(value, KINDS[kind])
    pixels = symbol.to_image(scale=1, add_hrt=False, add_quiet_zones=False)
    view = memoryview(pixels)
    image = Image.frombytes("L", (view.shape[1], view.shape[0]), view.tobytes())
    dots = module / 25.4 * FINE
    height = 12 / 25.4 * FINE if kind in BARS else image.height * dots
    return image.resize((round(image.width * dots), round(height)), Image.Resampling.NEAREST)


def draw_page(pieces, width=180, height=145):
    """Draws a page, in millimetres, with text above, beside and below; gives it with the boxes of the codes."""
    dots = FINE / 25.4
    page = Image.new("L", (round(width * dots), round(height * dots)), 255)
    draw, font = ImageDraw.Draw(page), ImageFont.truetype(FONT, round(FINE * 11 / 72))
    for top in (12, height - 25):
        for index, line in enumerate(PROSE):
            draw.text((14 * dots, (top + 6 * index) * dots), line, fill=0, font=font)
    boxes = []
    small = ImageFont.truetype(FONT, round(FINE * 7 / 72))
    for kind, value, module, left, top in pieces:
        code = draw_code(kind, value, module)
        place = (round(left * dots), round(top * dots))
        page.paste(code, place)
        boxes.append([place[0], place[1], place[0] + code.width, place[1] + code.height])
        if kind in BARS:
            draw.text((place[0], place[1] + code.height + dots), value, fill=0, font=small)
    return page, boxes


def scan(page, boxes, dpi, skew=0.0, turn=0, noise=0.0, jpeg=0, blur=0.0):
    """Makes a page what a scanner sees of it."""
    if skew:
        page = page.rotate(-skew, resample=Image.Resampling.BICUBIC, fillcolor=255)
    page = page.resize((round(page.width * dpi / FINE), round(page.height * dpi / FINE)), Image.Resampling.BOX)
    if blur:
        page = page.filter(ImageFilter.GaussianBlur(blur * dpi / 150))
    page = page.rotate(-turn, expand=True)
    if noise:
        chance = random.Random(7)
        page.putdata([min(255, max(0, int(v * 0.85 + 20 + chance.gauss(0, noise)))) for v in page.getdata()])
    if jpeg:
        data = io.BytesIO()
        page.save(data, "JPEG", quality=jpeg)
        page = Image.open(data).convert("L")
    return page, [[round(side * dpi / FINE) for side in box] for box in boxes]


def save(name, page, boxes, dpi, pieces, **damage):
    picture, boxes = scan(page, boxes, dpi, **damage)
    picture.quantize(16).save(name, optimize=True, dpi=(dpi, dpi))
    codes = [{"format": piece[0], "value": piece[1], "box": box} for piece, box in zip(pieces, boxes)]
    return {"file": pathlib.Path(name).name, "dpi": dpi, "codes": codes}


def main():
    page, boxes = draw_page(PIECES)
    if len(sys.argv) == 1:
        truths = [save("codes.png", page, boxes, 200, PIECES), save("codes-skewed.png", page, boxes, 200, PIECES, skew=3)]
        json.dump(truths, open("codes.json", "w"), indent=1)
        return
    folder, truths = pathlib.Path(sys.argv[1]), []
    damages = {"level": {}, "skew1": {"skew": 1.3}, "skew3": {"skew": 3}, "skew-3": {"skew": -3}, "turn90": {"turn": 90},
               "turn180": {"turn": 180}, "turn270": {"turn": 270}, "noise": {"noise": 12}, "jpeg": {"jpeg": 30},
               "blur": {"blur": 0.8}}
    fine = [(*piece[:2], 0.4 if piece[0] not in BARS else 0.25, *piece[3:]) for piece in PIECES]
    coarse = [("qr_code", "https://example.org/large", 1.6, 14, 36), ("code_128", "LARGE-1", 0.8, 70, 40),
              ("ean_8", "96385074", 0.33, 14, 84), ("upc_a", "036000291452", 0.33, 60, 84), ("code_93", "TEST93", 0.33, 120, 84),
              ("data_matrix", "x", 0.5, 70, 60), ("data_matrix", "large matrix", 1.5, 90, 60)]
    for label, pieces in (("", PIECES), ("fine-", fine), ("coarse-", coarse)):
        page, boxes = draw_page(pieces)
        for dpi in (150, 200, 300):
            for damage, options in damages.items():
                if damage == "noise" and dpi == 300 and label:
                    continue
                truths.append(save(folder / f"{label}{dpi}-{damage}.png", page, boxes, dpi, pieces, **options))
    json.dump(truths, open(folder / "codes.json", "w"), indent=1)


main()
