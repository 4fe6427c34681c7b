"""What scanners, cameras and people do to pages: each takes a grey page and gives a worse one, always the same."""
import io

import numpy as np
from PIL import Image, ImageFilter


def turned(degrees):
    return lambda page: page.rotate(-degrees, expand=True)


def skewed(degrees):
    return lambda page: page.rotate(-degrees, expand=True, resample=Image.Resampling.BICUBIC, fillcolor=255)


def shadow(page):
    """A shadow falls over the page from the right; the darkest place is a third of the light."""
    pixels = np.asarray(page, dtype=np.float32)
    fall = np.linspace(1, 0.35, pixels.shape[1], dtype=np.float32)
    return Image.fromarray((pixels * fall).astype(np.uint8))


def speckled(page):
    pixels = np.array(page)
    noise = np.random.default_rng(1).random(pixels.shape)
    pixels[noise < 0.005] = 0
    pixels[noise > 0.995] = 255
    return Image.fromarray(pixels)


def photographed(page):
    """A hand-held photograph: a little turned and blurred, uneven light, grain, JPEG."""
    page = shadow(skewed(2)(page)).filter(ImageFilter.GaussianBlur(0.8))
    pixels = np.asarray(page, dtype=np.float32)
    pixels = pixels + np.random.default_rng(2).normal(0, 6, pixels.shape)
    file = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, 'JPEG', quality=60)
    return Image.open(file).convert('L')


VARIANTS = {
    'turned by 90°': turned(90), 'turned by 180°': turned(180), 'turned by 270°': turned(270),
    'skewed by 1°': skewed(1), 'skewed by -3°': skewed(-3), 'skewed by 7°': skewed(7),
    'shadow': shadow, 'speckles': speckled, 'photographed': photographed,
}
