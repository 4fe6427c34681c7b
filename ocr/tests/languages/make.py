#!/usr/bin/env python3
"""Draws pages in eleven languages: make.py FOLDER [DEGREES]. Page names begin with the language.

Each language gets eight pages: four different cuts of its text, in serif and sans, 8 to 14 points, 150 to 300 dpi, two
of them short (one paragraph); all turned counter-clockwise by DEGREES. The fonts are Liberation's, for Hebrew DejaVu's (Debian: fonts-liberation,
fonts-dejavu-core).
"""
import pathlib
import sys

from PIL import Image, ImageDraw, ImageFont

FONTS = '/usr/share/fonts/truetype/liberation/Liberation'
HEBREW_FONT = '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf'
RIGHT_TO_LEFT = {'heb'}
# paragraphs, font, points, dpi
PAGES = [
    ([0, 1], 'Serif-Regular', 11, 300), ([1, 2], 'Sans-Regular', 10, 300), ([3, 4, 0], 'Serif-Regular', 12, 200),
    ([0, 2, 3], 'Sans-Regular', 9, 200), ([4, 1], 'Serif-Italic', 12, 300), ([1], 'Serif-Regular', 14, 150),
    ([0], 'Sans-Bold', 11, 200), ([3, 4], 'Mono-Regular', 10, 200),
]


def load(path):
    texts, current = {}, None
    for line in path.read_text().splitlines():
        if line.startswith('['):
            current = texts.setdefault(line.strip('[]'), [])
        elif line and not line.startswith('#'):
            current.append(line)
    return texts


def wrap(draw, words, font, width):
    line = ''
    for word in words:
        longer = f'{line} {word}'.strip()
        if line and draw.textlength(longer, font=font) > width:
            yield line
            line = word
        else:
            line = longer
    yield line


def draw_page(paragraphs, face, points, dpi, right_to_left):
    size = points * dpi // 72
    path = HEBREW_FONT if right_to_left else f'{FONTS}{face}.ttf'
    font = ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    page = Image.new('L', (8 * dpi, 6 * dpi), 255)
    draw = ImageDraw.Draw(page)
    y, left, width = dpi, dpi, 6 * dpi
    for paragraph in paragraphs:
        for line in wrap(draw, paragraph.split(), font, width):
            # drawn letter by letter from the left, as it is seen; punctuation of these texts needs no mirror
            shown = line[::-1] if right_to_left else line
            x = left + width - draw.textlength(shown, font=font) if right_to_left else left
            draw.text((x, y), shown, font=font, fill=0)
            y += size * 13 // 10
        y += size
    return page


def main(folder, degrees=0):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for code, texts in load(pathlib.Path(__file__).with_name('texts.txt')).items():
        for number, (chosen, face, points, dpi) in enumerate(PAGES, 1):
            page = draw_page([texts[index] for index in chosen], face, points, dpi, code in RIGHT_TO_LEFT)
            page.rotate(int(degrees), expand=True).save(folder / f'{code}-{number}.png', dpi=(dpi, dpi))


if __name__ == '__main__':
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
