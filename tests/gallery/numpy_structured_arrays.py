# Records in arrays: structured types, sorting, views of bytes, masks, files with and without a header, and text.
from pathlib import Path

import numpy as np
from numpy.lib import recfunctions as rf

star = np.dtype([("name", "U12"), ("magnitude", "<f4"), ("place", [("ra", "<f8"), ("dec", "<f8")]), ("planets", "<i2")])
stars = np.array(
    [
        ("Vega", 0.03, (279.2347, 38.7837), 0),
        ("Altair", 0.76, (297.6958, 8.8683), 0),
        ("Pollux", 1.14, (116.3289, 28.0262), 1),
        ("Fomalhaut", 1.16, (344.4127, -29.6222), 1),
        ("55 Cancri", 5.95, (133.1492, 28.3308), 5),
    ],
    dtype=star,
)
print("bytes per record:", star.itemsize, "offsets:", [star.fields[name][1] for name in star.names])
print("brightest:", np.sort(stars, order="magnitude")["name"][:2].tolist())
print("northern with planets:", stars["name"][(stars["place"]["dec"] > 0) & (stars["planets"] > 0)].tolist())
stars["planets"][stars["name"] == "Vega"] = 1
print("total of planets:", int(stars["planets"].sum()))
x, y = np.cos(np.radians(stars["place"]["ra"])), np.sin(np.radians(stars["place"]["ra"]))
wider = rf.append_fields(stars, ["x", "y"], [x, y], usemask=False)
print("fields:", wider.dtype.names)
print("flat:", rf.structured_to_unstructured(stars[["magnitude", "planets"]]).shape)
groups = {int(n): stars["name"][stars["planets"] == n].tolist() for n in np.unique(stars["planets"])}
print("by planets:", groups)

packed = np.frombuffer(bytes.fromhex("0100ff7f0000803f"), dtype=[("id", "<u2"), ("limit", "<i2"), ("gain", "<f4")])
print("from bytes:", packed[0].item(), "big-endian:", packed["id"].astype(">u2").tobytes().hex())
bits = np.unpackbits(np.array([5, 130], dtype=np.uint8))
print("bits:", "".join(map(str, bits)), np.packbits(bits).tolist())

folder = Path("arrays")
folder.mkdir(exist_ok=True)
np.save(folder / "stars.npy", stars)
back = np.load(folder / "stars.npy")
print("saved and loaded:", bool((back == stars).all()), (folder / "stars.npy").stat().st_size % 64 == stars.nbytes % 64)
grid = np.arange(5000, dtype="<f4").reshape(100, 50)
(folder / "grid.bin").write_bytes(grid.tobytes())
part = np.frombuffer((folder / "grid.bin").read_bytes(), dtype="<f4", offset=50 * 4, count=50)
print("raw:", (folder / "grid.bin").stat().st_size, "second row:", bool((part == grid[1]).all()))
np.savetxt(
    folder / "t.csv",
    np.column_stack([np.arange(3), np.arange(3) / 7]),
    delimiter=",",
    header="n,seventh",
    fmt=["%d", "%.4f"],
    comments="",
)
table = np.genfromtxt(folder / "t.csv", delimiter=",", names=True)
print("text:", table.dtype.names, table["seventh"].tolist())

masked = np.ma.masked_greater(stars["magnitude"], 2)
print("masked mean:", round(float(masked.mean()), 3), "kept", masked.count())
windows = np.lib.stride_tricks.sliding_window_view(np.arange(6), 3)
print("windows:", windows.tolist())
print("dates:", np.arange("2024-02-27", "2024-03-02", dtype="datetime64[D]").astype(str).tolist())
print("weekdays between:", int(np.busday_count("2024-01-01", "2024-02-01")))
