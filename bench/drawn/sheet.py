"""A sheet that remembers what was written on it. Lengths are in points (1/72 inch) from the upper left corner."""
import pathlib

import numpy as np
from PIL import Image, ImageDraw, ImageFont

FOLDERS = ['/usr/share/fonts/truetype/dejavu', '/usr/share/fonts/truetype/liberation', '/usr/share/fonts/opentype/urw-base35']
A4 = (595, 842)


def font_file(name):
    """Finds a font of fonts-dejavu, fonts-liberation or fonts-urw-base35."""
    for folder in map(pathlib.Path, FOLDERS):
        for file in folder.glob(f'{name}.*'):
            return str(file)
    raise FileNotFoundError(f'font {name} is missing: install fonts-dejavu fonts-liberation fonts-urw-base35')


class Sheet:
    def __init__(self, size, dpi):
        self.size, self.dpi = size, dpi
        self.image = Image.new('L', tuple(round(side * dpi / 72) for side in size), 255)
        self.draw = ImageDraw.Draw(self.image)
        self.lines = []
        self.fonts = {}

    def px(self, points):
        return points * self.dpi / 72

    def font(self, name, pt):
        if (name, pt) not in self.fonts:
            self.fonts[name, pt] = ImageFont.truetype(font_file(name), max(1, round(self.px(pt))))
        return self.fonts[name, pt]

    def width(self, text, name, pt):
        return self.font(name, pt).getlength(text) * 72 / self.dpi

    def write(self, x, y, text, name, pt, ink=0, align='left'):
        """Writes a line whose upper edge is `y`; `x` is its left or right end, or its middle."""
        x -= {'left': 0, 'right': 1, 'middle': 0.5}[align] * self.width(text, name, pt)
        self.draw.text((self.px(x), self.px(y)), text, fill=ink, font=self.font(name, pt))
        self.lines.append(text)

    def write_dots(self, x, y, text, pitch, gap):
        """Writes a line as a nine-needle printer does: dots that hardly touch. `pitch` is the width of a letter."""
        cell = ImageFont.truetype(font_file('DejaVuSansMono'), 10)
        width = round(cell.getlength('M'))
        mask = Image.new('L', (width * len(text) + 4, 13), 0)
        for place, letter in enumerate(text):
            ImageDraw.Draw(mask).text((place * width, 0), letter, fill=255, font=cell)
        step, radius = self.px(pitch) / width, self.px(pitch) / width * (0.62 - gap)
        for row, column in zip(*np.nonzero(np.asarray(mask) > 110)):
            cx, cy = self.px(x) + column * step, self.px(y) + row * step * 1.15
            self.draw.ellipse([cx - radius, cy - radius, cx + radius, cy + radius], fill=40)
        self.lines.append(text)

    def flow(self, x, y, width, text, name, pt, leading=1.3, ink=0):
        """Sets a paragraph; gives where the next begins."""
        line = ''
        for word in text.split():
            longer = f'{line} {word}'.strip()
            if line and self.width(longer, name, pt) > width:
                self.write(x, y, line, name, pt, ink)
                y, line = y + pt * leading, word
            else:
                line = longer
        if line:
            self.write(x, y, line, name, pt, ink)
            y += pt * leading
        return y

    def rule(self, x0, y0, x1, y1, thick=0.7, ink=0):
        self.draw.line([self.px(v) for v in (x0, y0, x1, y1)], fill=ink, width=max(1, round(self.px(thick))))

    def box(self, x0, y0, x1, y1, thick=0.7):
        self.draw.rectangle([self.px(v) for v in (x0, y0, x1, y1)], outline=0, width=max(1, round(self.px(thick))))

    def fill(self, x0, y0, x1, y1, ink):
        self.draw.rectangle([self.px(v) for v in (x0, y0, x1, y1)], fill=ink)
