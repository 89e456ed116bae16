"""Makes the Parquet files of the tests, with pyarrow 26: `python make.py`."""

import datetime
import json

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 60
classes = {"names": ["neg", "pos"], "_type": "ClassLabel"}
table = pa.table(
    {
        "text": [f"text {n % 50}" for n in range(ROWS)],
        "label": pa.array([n % 50 % 2 for n in range(ROWS)], pa.int64()),
        "price": pa.array([None if n == 3 else n / 4 for n in range(ROWS)], pa.float32()),
        "when": [datetime.datetime(2024, 1, 1 + n % 28) for n in range(ROWS)],
        "photo": [{"bytes": bytes([n % 50]) * 100, "path": None} for n in range(ROWS)],
        "tags": [["a", "b"][: n % 3] for n in range(ROWS)],
        "messages": [
            [{"role": "user", "content": f"q{n % 50}"}, {"role": "assistant", "content": "a"}]
            for n in range(ROWS)
        ],
    }
)
noted = {"info": {"features": {"label": classes, "photo": {"_type": "Image"}}}}
table = table.replace_schema_metadata({"huggingface": json.dumps(noted)})
for codec in ["none", "snappy", "gzip", "brotli", "lz4", "zstd"]:
    pq.write_table(table, f"{codec}.parquet", compression=codec, row_group_size=25)
