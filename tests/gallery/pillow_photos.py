# Photographs: JPEG at several qualities, WebP, compressed TIFF, a PDF of pictures, and text in a scalable font.
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageFont, features

y, x = np.mgrid[0:120, 0:160]
scene = np.stack([128 + 100 * np.sin(x / 25), 128 + 100 * np.cos(y / 20), (x + y) % 256], axis=2).astype(np.uint8)
photo = Image.fromarray(scene)
print("photo:", photo.size, photo.mode)
for name in ("jpg", "webp", "zlib", "freetype2", "libtiff"):
    print(f"  {name}: {features.check(name)}")


def attempt(name, action):
    """What an action gives, or the kind of its failure."""
    try:
        print(f"{name}: {action()}")
    except Exception as error:
        print(f"{name}: {type(error).__name__}")


def saved(kind, **options):
    buffer = BytesIO()
    photo.save(buffer, kind, **options)
    return buffer


def difference(kind, **options):
    back = np.asarray(Image.open(saved(kind, **options)).convert("RGB")).astype(int)
    return f"{Image.open(saved(kind, **options)).format}, mean difference below 12: {np.abs(back - scene).mean() < 12}"


for quality in (30, 90):
    attempt(f"JPEG at {quality}", lambda: difference("jpeg", quality=quality))
attempt("smaller at 30", lambda: len(saved("jpeg", quality=30).getvalue()) < len(saved("jpeg", quality=90).getvalue()))
attempt("WebP, lossless", lambda: np.array_equal(np.asarray(Image.open(saved("webp", lossless=True))), scene))
attempt("TIFF with LZW", lambda: difference("tiff", compression="tiff_lzw"))
attempt("PDF", lambda: saved("pdf", save_all=True).getvalue()[:5])
attempt("PNG", lambda: np.array_equal(np.asarray(Image.open(saved("png"))), scene))


def written():
    page = Image.new("L", (200, 60))
    ImageDraw.Draw(page).text((5, 5), "Hello", fill=255, font=ImageFont.load_default(40))
    left, top, right, bottom = page.getbbox()
    return f"taller than 20: {bottom - top > 20}, wider than tall: {right - left > bottom - top}"


attempt("text of 40 points", written)
