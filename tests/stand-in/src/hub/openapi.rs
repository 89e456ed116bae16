//! Docs.
use crate::hub::errors::{Reply, not_found};
pub(crate) fn document() -> Reply {
    Err(not_found())
}
