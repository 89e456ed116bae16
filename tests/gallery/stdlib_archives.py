# Archives and compression: zip, tar with a filter, gzip as a stream, several codecs, checksums, and a hostile archive.
import base64
import binascii
import bz2
import gzip
import hashlib
import hmac
import io
import lzma
import tarfile
import zipfile
import zlib
from pathlib import Path

root = Path("site")
for name, text in {"index.html": "<p>hello</p>\n" * 50, "css/main.css": "p { color: red }\n", "notes.tmp": "x"}.items():
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)

with zipfile.ZipFile("site.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    for file in sorted(root.rglob("*.*")):
        archive.write(file, file.relative_to(root))
    archive.writestr("made/here.txt", "not from a file")
with zipfile.ZipFile("site.zip") as archive:
    page = archive.getinfo("index.html")
    print("zip:", archive.namelist(), "damaged:", archive.testzip())
    print("page:", page.file_size, "small:", page.compress_size < 60, f"{page.CRC:08x}")
    print("read:", archive.read("made/here.txt"), zipfile.is_zipfile("site.zip"))


def without_temporary(info):
    return None if info.name.endswith(".tmp") else info


with tarfile.open("site.tar.xz", "w:xz") as archive:
    archive.add(root, arcname="s", filter=without_temporary)
with tarfile.open("site.tar.xz") as archive:
    print("tar:", sorted(member.name for member in archive if member.isfile()))
    archive.extractall("unpacked", filter="data")
print("unpacked:", (Path("unpacked") / "s" / "css" / "main.css").read_text().strip())

hostile = io.BytesIO()
with tarfile.open(fileobj=hostile, mode="w") as archive:
    archive.addfile(tarfile.TarInfo("../outside"))
hostile.seek(0)
try:
    tarfile.open(fileobj=hostile).extractall("unpacked", filter="data")
except tarfile.OutsideDestinationError as error:
    print("refused:", type(error).__name__)

payload = b"abc" * 1000
for module in (gzip, bz2, lzma, zlib):
    packed = module.compress(payload)
    print(f"  {module.__name__}: small {len(packed) < 130}, whole {module.decompress(packed) == payload}")
with gzip.open("lines.gz", "wt", encoding="utf-8") as file:
    file.writelines(f"line {number}\n" for number in range(1000))
with gzip.open("lines.gz", "rt", encoding="utf-8") as file:
    print("lines that end with 7:", sum(1 for line in file if line.endswith("7\n")))
pieces = zlib.compressobj()
stream = pieces.compress(b"first ") + pieces.compress(b"second") + pieces.flush()
print("in pieces:", zlib.decompress(stream))
try:
    gzip.decompress(gzip.compress(payload)[:-4])
except EOFError:
    print("cut short: EOFError")

print("sha256:", hashlib.sha256(payload).hexdigest()[:16], "md5:", hashlib.md5(payload).hexdigest()[:8])
print("blake2:", hashlib.blake2b(payload, digest_size=4).hexdigest(), f"crc32: {zlib.crc32(payload):08x}")
print("hmac:", hmac.new(b"key", payload, "sha256").hexdigest()[:16])
print("base64:", base64.b64encode(b"\x00\xffdata").decode(), base64.urlsafe_b64decode("_-4="), binascii.hexlify(b"ok"))
