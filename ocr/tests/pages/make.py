#!/usr/bin/env python3
"""Draws the golden pages from letter.txt. Needs Pillow and the DejaVu fonts; run it in this folder."""
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, TiffImagePlugin

DPI = (200, 200)
text = Path("letter.txt").read_text()
font = ImageFont.truetype("/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf", 30)
page = Image.new("L", (1000, 480), 255)
ImageDraw.Draw(page).multiline_text((60, 60), text, fill=0, font=font, spacing=14)
bits = page.point(lambda v: 255 if v > 140 else 0).convert("1", dither=Image.Dither.NONE)
paper = Image.merge("RGB", [page.point(lambda v, top=top: v * top // 255) for top in (250, 244, 225)])

bits.save("letter.png", dpi=DPI, optimize=True)
bits.save("letter.bmp", dpi=DPI)
bits.save("letter.gif")
page.save("letter.webp", quality=40)
paper.save("letter.jpg", dpi=DPI, quality=40, optimize=True)
exif = Image.Exif()
exif[0x0112] = 6
paper.transpose(Image.Transpose.ROTATE_90).save("letter-turned.jpg", dpi=DPI, quality=40, exif=exif)

palette = paper.quantize(8, dither=Image.Dither.NONE)
turned = page.transpose(Image.Transpose.ROTATE_180)
pages = [(bits, "group4", {}), (bits, "group3", {}), (palette, "tiff_lzw", {}), (bits, "packbits", {}),
         (paper, "jpeg", {}), (page.quantize(4).convert("L"), "tiff_adobe_deflate", {}), (turned, "tiff_lzw", {274: 3})]
with TiffImagePlugin.AppendingTiffWriter("letter.tif", new=True) as tiff:
    for image, compression, tags in pages:
        quality = {"quality": 40} if compression == "jpeg" else {}
        image.save(tiff, format="TIFF", compression=compression, dpi=DPI, tiffinfo=tags, **quality)
        tiff.newFrame()
