//! Tests of the whole. There is no library here: see `tests/`.
