# Arrays that stay on disk: memory maps, copy on write, raw files, and opening a saved array without loading it.
from pathlib import Path

import numpy as np

folder = Path("maps")
folder.mkdir(exist_ok=True)
path = folder / "grid.bin"
rows, columns = 1000, 50


def attempt(name, action):
    """What an action gives, or why there is nothing."""
    try:
        print(f"{name}: {action()}")
    except OSError as error:
        print(f"{name}: {type(error).__name__}: {error}")


def write():
    grid = np.memmap(path, dtype="<f4", mode="w+", shape=(rows, columns))
    for start in range(0, rows, 100):
        grid[start : start + 100] = np.arange(start * columns, (start + 100) * columns).reshape(100, columns)
    grid.flush()
    return path.stat().st_size


def read():
    grid = np.memmap(path, dtype="<f4", mode="r", shape=(rows, columns))
    return float(grid[999, 49]), float(grid[::100].mean()), grid.flags.writeable


def private():
    grid = np.memmap(path, dtype="<f4", mode="c", shape=(rows, columns))
    grid[0, 0] = -1
    return float(grid[0, 0]), float(np.fromfile(path, "<f4", count=1)[0])


def saved():
    np.save(folder / "a.npy", np.arange(10_000, dtype=np.int64))
    opened = np.load(folder / "a.npy", mmap_mode="r")
    return type(opened).__name__, int(opened[-1])


attempt("written", write)
attempt("read", read)
attempt("private", private)
attempt("saved array", saved)


def raw():
    np.arange(5, dtype="<f4").tofile(folder / "five.bin")
    return np.fromfile(folder / "five.bin", "<f4", offset=8).tolist()


attempt("raw", raw)

# The same without a map: always works, one block at a time.
whole = np.arange(rows * columns, dtype="<f4")
path.write_bytes(whole)
total = 0.0
with path.open("rb") as file:
    while block := file.read(4 * columns * 100):
        total += float(np.frombuffer(block, "<f4").sum(dtype=np.float64))
print("in blocks:", total == whole.sum(dtype=np.float64), path.stat().st_size)
for index in (0, 499, 999):
    with path.open("rb") as file:
        file.seek(4 * columns * index)
        row = np.frombuffer(file.read(4 * columns), "<f4")
    print(f"  row {index}: {row[0]:.0f} to {row[-1]:.0f}")
print("loaded:", np.load(folder / "a.npy").dtype, path.exists())
