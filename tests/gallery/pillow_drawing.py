# Drawing and changing pictures: shapes, text, masks, filters, lossless formats, EXIF, palettes and thumbnails.
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageChops, ImageColor, ImageDraw, ImageEnhance, ImageFilter, ImageOps, ImageStat

out = Path("pictures")
out.mkdir(exist_ok=True)
canvas = Image.new("RGB", (320, 200), "ivory")
pen = ImageDraw.Draw(canvas)
pen.rectangle((20, 20, 120, 100), fill="steelblue", outline="black", width=2)
pen.ellipse((140, 30, 220, 110), fill=(220, 60, 60))
pen.polygon([(260, 30), (300, 110), (230, 110)], fill="#2e8b57")
pen.line((20, 150, 300, 150), fill="black", width=3)
print(
    "canvas:", canvas.size, canvas.mode, canvas.getpixel((60, 60)), canvas.getpixel((180, 70)), canvas.getpixel((5, 5))
)
red = np.asarray(canvas) == (220, 60, 60)
print("disc:", abs(int(red.all(axis=2).sum()) - 5100) < 150)
filled = canvas.copy()
ImageDraw.floodfill(filled, (0, 0), (1, 2, 3))
print("filled:", filled.getpixel((319, 199)), filled.getpixel((60, 60)))
label = Image.new("L", (60, 14))
ImageDraw.Draw(label).text((2, 1), "drawn", fill=255)
print("text:", label.getbbox() is not None, 0.02 < ImageStat.Stat(label).mean[0] / 255 < 0.5)

for name in ("c.png", "c.gif", "c.bmp", "c.tiff", "c.ppm"):
    canvas.save(out / name)
    with Image.open(out / name) as back:
        same = ImageChops.difference(back.convert("RGB"), canvas).getbbox() is None
        print(f"  {back.format:<5} {back.size} {back.mode}, kept exactly: {same}")

grey = canvas.convert("L")
print("grey:", grey.getpixel((60, 60)), "extrema", grey.getextrema(), f"mean {ImageStat.Stat(grey).mean[0]:.1f}")
print("histogram:", sum(grey.histogram()), "bands:", canvas.getbands(), "box:", ImageOps.invert(canvas).getbbox())
small = canvas.resize((32, 20), Image.Resampling.LANCZOS)
turned = canvas.rotate(90, expand=True)
print("sizes:", small.size, turned.size, canvas.crop((20, 20, 40, 50)).size)
print("mirrored:", ImageOps.mirror(canvas).getpixel((259, 60)))
print("fitted:", ImageOps.fit(canvas, (100, 100)).size, ImageOps.contain(canvas, (100, 100)).size)

blurred = canvas.filter(ImageFilter.GaussianBlur(3))
edges = grey.filter(ImageFilter.FIND_EDGES)
darker = ImageEnhance.Brightness(canvas).enhance(0.5)
means = [ImageStat.Stat(picture).mean[0] for picture in (canvas, blurred, darker, edges)]
print("blurring keeps the mean:", abs(means[1] - means[0]) < 0.5, "darker:", means[2] < 130, "edges:", means[3] < 30)
mask = Image.new("L", canvas.size, 0)
ImageDraw.Draw(mask).ellipse((0, 0, 320, 200), fill=255)
oval = Image.composite(canvas, Image.new("RGB", canvas.size, "white"), mask)
cut_out = Image.merge("RGBA", (*canvas.split(), mask))
print(
    "outside of the oval:",
    oval.getpixel((2, 2)),
    "alpha:",
    cut_out.getpixel((2, 2))[3],
    cut_out.getpixel((160, 100))[3],
)
palette = canvas.quantize(8)
print(
    "palette:",
    palette.mode,
    len(palette.getcolors()) <= 8,
    ImageColor.getrgb("tomato"),
    ImageColor.getcolor("navy", "L"),
)

exif = Image.Exif()
exif[ExifTags.Base.ImageDescription] = "a test"
exif[ExifTags.Base.Orientation] = 6
buffer = BytesIO()
canvas.save(buffer, "png", exif=exif)
with Image.open(buffer) as photo:
    print("exif:", dict(sorted(photo.getexif().items())), "upright:", ImageOps.exif_transpose(photo).size)
frames = [canvas.rotate(angle).resize((80, 50)) for angle in (0, 30, 60)]
frames[0].save(out / "turning.png", save_all=True, append_images=frames[1:], duration=100)
with Image.open(out / "turning.png") as film:
    print("frames:", film.n_frames, film.is_animated, film.info["duration"])
print("files:", sorted(path.name for path in out.iterdir() if path.stat().st_size))
