//! Benchmarks only: see `benches/`, and `README.md` for what was measured.
