"""What befalls pages between the printer and us: each takes a sheet's picture and its resolution, and gives a worse one."""
import io

import numpy as np
from PIL import Image, ImageFilter


def pixels_of(image):
    return np.asarray(image, dtype=np.float32)


def picture_of(pixels):
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def noise(pixels, rng, deviation):
    return pixels + rng.normal(0, deviation, pixels.shape)


def clouds(shape, rng, cells=4):
    """Soft spots from 0 to 1."""
    spots = picture_of(rng.random((cells, cells)) * 255)
    return pixels_of(spots.resize((shape[1], shape[0]), Image.Resampling.BICUBIC)) / 255


def jpeg(image, quality):
    file = io.BytesIO()
    image.save(file, 'JPEG', quality=quality)
    return Image.open(file).convert('L')


def coefficients(to, source):
    """Solves for PIL's eight numbers that lead from each corner in `to` to that in `source`."""
    rows = []
    for (x, y), (u, v) in zip(to, source):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    return np.linalg.solve(np.array(rows, float), np.array(source, float).reshape(8))


def on_table(image, rng, tilt, table):
    """Lays the page on a table and looks at it from a side; `tilt` is how much its corners move, as a part of its width."""
    width, height = image.size
    size = (round(width * 1.16), round(height * 1.12))
    corners = [(0.08, 0.06), (1.08, 0.06), (1.08, 1.06), (0.08, 1.06)]
    to = [(width * x + rng.uniform(-tilt, tilt) * width, height * y + rng.uniform(-tilt, tilt) * width) for x, y in corners]
    map = coefficients(to, [(0, 0), (width, 0), (width, height), (0, height)])
    shot = pixels_of(image.transform(size, Image.Transform.PERSPECTIVE, map, Image.Resampling.BICUBIC))
    inside = pixels_of(Image.new('L', image.size, 255).transform(size, Image.Transform.PERSPECTIVE, map, Image.Resampling.BILINEAR)) / 255
    return inside * shot + (1 - inside) * (table + 25 * clouds(shot.shape, rng, 40))


def scan(image, dpi, rng):
    return picture_of(noise(20 + pixels_of(image.filter(ImageFilter.GaussianBlur(dpi / 500))) * 0.88, rng, 2))


def photo(image, dpi, rng):
    pixels = on_table(image, rng, 0.035, 45)
    pixels *= 0.55 + 0.45 * clouds(pixels.shape, rng, 3)
    return jpeg(picture_of(noise(pixels, rng, 4)).filter(ImageFilter.GaussianBlur(dpi / 350)), 70)


def glare(image, dpi, rng):
    pixels = on_table(image, rng, 0.02, 60) * 0.75
    y, x = np.mgrid[:pixels.shape[0], :pixels.shape[1]]
    far = np.hypot(x / pixels.shape[1] - rng.uniform(0.3, 0.7), y / pixels.shape[0] - rng.uniform(0.3, 0.7))
    return jpeg(picture_of(noise(pixels + 150 * np.exp(-(far / 0.16) ** 2), rng, 4)), 70)


def shaken(image, dpi, rng):
    """The hand moved by a third of a stroke's length."""
    reach = max(1, round(dpi / 110))
    pixels = pixels_of(image)
    moved = sum(np.roll(pixels, (step * int(rng.integers(0, 2)), step), (0, 1)) for step in range(reach + 1)) / (reach + 1)
    return picture_of(noise(30 + moved * 0.7, rng, 3))


def faded(image, dpi, rng):
    """Thermal paper that lay in the sun: print and paper are alike, and some rows of the head are dead."""
    pixels = 232 - (255 - pixels_of(image)) * (0.18 + 0.25 * clouds(pixels_of(image).shape, rng, 3))
    return picture_of(noise(pixels, rng, 3))


def stained(image, dpi, rng):
    pixels = pixels_of(image)
    spots = clouds(pixels.shape, rng, 6)
    return picture_of(noise(pixels * (0.93 - 0.5 * np.clip(2 * spots - 0.9, 0, 1)), rng, 4))


def bled(image, dpi, rng):
    """The print of the other side shines through."""
    pixels = pixels_of(image)
    back = pixels_of(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).filter(ImageFilter.GaussianBlur(dpi / 150)))
    back = np.roll(back, round(dpi * 0.09), 0)
    return picture_of(noise(np.minimum(pixels, 240 - (255 - back) * 0.33) * 0.95, rng, 3))


def squeezed(image, dpi, rng):
    return jpeg(picture_of(15 + pixels_of(image.filter(ImageFilter.GaussianBlur(dpi / 400))) * 0.9), 9)


def copied(image, dpi, rng):
    """A copy of a copy: black and white, specks, letters grown or eaten, a little crooked, a dark edge."""
    image = image.rotate(rng.uniform(-1.5, 1.5), Image.Resampling.BICUBIC, fillcolor=255)
    pixels = noise(pixels_of(image.filter(ImageFilter.GaussianBlur(dpi / 160))), rng, 22)
    pixels[:, :round(dpi * 0.12)] = 0
    black = pixels < 128 + rng.uniform(-35, 45)
    black |= rng.random(black.shape) < 0.0008
    return Image.fromarray(~black)


def grainy(image, dpi, rng):
    """A telephone's picture in the evening."""
    return jpeg(picture_of(noise(25 + pixels_of(image.filter(ImageFilter.GaussianBlur(dpi / 320))) * 0.35, rng, 14)), 60)


def faxed(image, dpi, rng):
    """Standard fax: 204 x 98 dots an inch, stored so that pixels aren't square."""
    size = (round(image.width * 204 / dpi), round(image.height * 98 / dpi))
    pixels = noise(pixels_of(image.resize(size, Image.Resampling.BOX)), rng, 12)
    return Image.fromarray(pixels > 150)


DAMAGES = {
    'scan': scan, 'photo': photo, 'glare': glare, 'shaken': shaken, 'faded': faded, 'stained': stained, 'bled': bled,
    'squeezed': squeezed, 'copied': copied, 'grainy': grainy, 'faxed': faxed,
}
