# Integers of NumPy: their default width, what overflows, what never does, and how to ask for 64 bits.
import numpy as np
import pandas as pd

print("default:", np.array([1, 2]).dtype, np.arange(3).dtype, np.zeros(2, int).dtype)
print("index:", np.argsort([2, 1]).dtype, np.nonzero([1])[0].dtype, "bits of a pointer:", np.intp(0).nbytes * 8)
print("large values choose for themselves:", np.array([2**40]).dtype)

numbers = np.arange(100_000)
print("sum to 100,000:", int(numbers.sum()))
print("sum of squares:", int((numbers**2).sum()))
print("product:", int(np.prod(np.arange(1, 16))))
print("running sum ends at:", int(np.cumsum(numbers)[-1]))

print("with 64 bits:")
wide = np.arange(100_000, dtype=np.int64)
print("  sum:", int(wide.sum()), int(numbers.sum(dtype=np.int64)))
print("  squares:", int((wide**2).sum()), int(np.square(numbers, dtype=np.int64).sum()))
print("  product:", int(np.prod(np.arange(1, 16), dtype=np.int64)))
print("  as floats:", f"{(numbers.astype(float) ** 2).sum():.6e}", f"{np.mean(numbers):.1f}")

print("Python's own integers:", sum(range(100_000)), sum(n * n for n in range(100_000)))
print("random:", np.random.default_rng(0).integers(0, 10**12), np.random.default_rng(0).integers(5, size=2).dtype)
print("from text:", np.loadtxt(["4000000000"], dtype=np.int64).item())

print("pandas:")
frame = pd.DataFrame({"a": [1, 2, 3], "b": [10, 20, 30]})
print("  columns:", frame.dtypes.astype(str).unique().tolist(), "sums:", frame.sum().tolist())
print("  read:", pd.Series(["5000000000", "7"]).astype("int64").sum())
print("  from an array:", pd.Series(np.arange(3)).dtype, "asked for:", pd.Series(np.arange(3), dtype="int64").dtype)
print("  counts:", pd.Series(list("aab")).value_counts().tolist(), pd.Series([2**31, 2**31]).sum())
