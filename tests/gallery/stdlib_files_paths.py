# Files and folders: paths, globs, copies, temporary folders, binary records, settings, and a persistent dictionary.
import configparser
import os
import shelve
import shutil
import struct
import tempfile
import tomllib
from pathlib import Path, PurePosixPath

root = Path("project")
contents = {
    "readme.md": "# Readme\n",
    "src/main.py": "print('hi')\n" * 40,
    "src/util/text.py": "x = 1\n",
    "data/a.csv": "n\n1\n2\n",
}
for name, text in contents.items():
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
print("files:", sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()))
print("python:", sorted(path.name for path in root.glob("**/*.py")))
print("bytes:", sum(path.stat().st_size for path in root.rglob("*.*")))
for folder, folders, files in sorted(os.walk(root)):
    print(f"  {Path(folder).name}: {sorted(folders)} {sorted(files)}")
path = root / "src" / "main.py"
print("parts:", path.stem, path.suffix, path.parent.name, path.with_suffix(".txt").name)
print("relations:", path.is_relative_to(root), PurePosixPath("a/b/../c").parts, path.exists(), path.is_dir())

shutil.copytree(root / "src", root / "copy")
(root / "copy" / "main.py").rename(root / "copy" / "first.py")
shutil.rmtree(root / "copy" / "util")
print("copied:", [p.name for p in (root / "copy").iterdir()])
print("the same:", (root / "copy" / "first.py").read_bytes() == path.read_bytes())
with tempfile.TemporaryDirectory() as folder:
    temporary = Path(folder)
    (temporary / "x").write_text("1")
    inside = temporary.exists()
print("temporary:", inside, temporary.exists())
with path.open("r+") as file:
    file.seek(7)
    file.write("ho")
    file.truncate(12)
print("changed in place:", path.read_text())
for wrong in (root / "missing", root / "src"):
    try:
        wrong.read_text()
    except OSError as error:
        print("refused:", type(error).__name__, PurePosixPath(error.filename).name)

record = struct.Struct("<4sHid")
packed = b"".join(record.pack(name, i, -i, i / 3) for i, name in enumerate((b"one", b"two")))
print("record:", record.size, [round(value[3], 3) for value in record.iter_unpack(packed)])
print("big-endian:", struct.pack(">Hf", 258, 1.5).hex(), struct.unpack("<q", b"\xff" * 8))

settings = configparser.ConfigParser()
settings.read_string("[DEFAULT]\nroot = /srv\n[web]\npath = %(root)s/www\nport = 8080\ndebug = no\n")
print("ini:", settings["web"]["path"], settings.getint("web", "port"), settings.getboolean("web", "debug"))
print("toml:", tomllib.loads('day = 2024-05-01\n[a.b]\nc = [1, 2.5, "x"]\n'))
with shelve.open("kept") as kept:
    kept["k"] = {"list": [1, 2]}
with shelve.open("kept") as kept:
    print("shelf:", kept["k"], list(kept))
