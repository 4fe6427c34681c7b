#!/usr/bin/env python3
"""Draws tables and what they say. Needs Pillow and the DejaVu fonts; run it in this folder."""
import json

from PIL import Image, ImageDraw, ImageFont

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
PROSE = ["The station keeps a record of every day of the year, and the keeper",
         "reads the instruments in the morning before the first boat leaves."]
# row, column, rows, columns, text
SPANS = [(0, 0, 1, 4, "Weather of the first week"), (1, 0, 2, 1, "Day"), (1, 1, 1, 2, "Temperature"),
         (1, 3, 2, 1, "Rain"), (2, 1, 1, 1, "Lowest"), (2, 2, 1, 1, "Highest")]
DAYS = [["Monday", "3.5", "11.2", "0.0"], ["Tuesday", "4.1", "12.8", "2.4"], ["Wednesday", "2.9", "9.7", "14.0"],
        ["Thursday", "5.0", "13.1", "0.3"], ["Friday", "6.2", "15.4", "0.0"]]
LIST = [["Instrument", "Maker", "Number", "Price"], ["Barometer", "Hansen", "1042", "310.00"],
        ["Rain gauge", "Brown & Sons", "77", "42.50"], ["Wind vane", "Olsen", "2210", "185.00"],
        ["Thermometer", "Hansen", "1043", "28.90"], ["Telescope", "Carter", "9", "640.00"]]


def sheet(height):
    page = Image.new("L", (1200, height), 255)
    return page, ImageDraw.Draw(page)


def prose(draw, top):
    for index, line in enumerate(PROSE):
        draw.text((80, top + 40 * index), line, fill=0, font=ImageFont.truetype(FONT, 26))


def ruled(name, pad=16, line=3, turn=0.0, sides=True):
    """A table with lines; every place of the grid is 60 high."""
    widths, left, top, rows = [300, 220, 220, 220], 90, 180, 8
    xs = [left + sum(widths[:i]) for i in range(5)]
    ys = [top + 60 * i for i in range(rows + 1)]
    cells = SPANS + [(3 + r, c, 1, 1, text) for r, row in enumerate(DAYS) for c, text in enumerate(row)]
    page, draw = sheet(800)
    prose(draw, 60)
    font = ImageFont.truetype(FONT, 26)
    for row, column, height, width, text in cells:
        box = (xs[column], ys[row], xs[column + width], ys[row + height])
        for (x, y, to_x, to_y), is_drawn in [((box[0], box[1], box[2], box[1]), True), ((box[0], box[3], box[2], box[3]), True),
                                             ((box[0], box[1], box[0], box[3]), sides or column > 0),
                                             ((box[2], box[1], box[2], box[3]), sides or column + width < 4)]:
            if is_drawn:
                draw.line((x, y, to_x, to_y), fill=0, width=line)
        draw.text((box[0] + pad, box[1] + 14), text, fill=0, font=font)
    prose(draw, 700)
    save(page, name, turn)
    return {"file": name, "rows": rows, "columns": 4, "cells": cells}


def plain(name, turn=0.0):
    """A table with nothing but white space between its columns; the last is set flush right."""
    page, draw = sheet(620)
    prose(draw, 60)
    font = ImageFont.truetype(FONT, 26)
    ends = [90, 420, 700, 1080]
    for row, texts in enumerate(LIST):
        for column, text in enumerate(texts):
            x = ends[column] - (draw.textlength(text, font=font) if column == 3 else 0)
            draw.text((x, 190 + 50 * row), text, fill=0, font=font)
    prose(draw, 530)
    save(page, name, turn)
    cells = [(r, c, 1, 1, text) for r, row in enumerate(LIST) for c, text in enumerate(row)]
    return {"file": name, "rows": len(LIST), "columns": 4, "cells": cells}


def save(page, name, turn):
    page = page.rotate(-turn, fillcolor=255, resample=Image.Resampling.BICUBIC)
    page.point(lambda v: 255 if v > 140 else 0).convert("1", dither=Image.Dither.NONE).save(name, dpi=(200, 200), optimize=True)


truth = [ruled("table-ruled.png"), ruled("table-open.png", line=2, sides=False), ruled("table-skewed.png", turn=1.0),
         plain("table-plain.png"), plain("table-plain-skewed.png", turn=0.7)]
with open("tables.json", "w") as file:
    json.dump(truth, file, indent=1, ensure_ascii=False)
    file.write("\n")
