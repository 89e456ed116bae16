//! Docs.
use crate::ask::Ask;
use crate::hub::errors::{Reply, not_found};
pub(crate) fn page(_: &Ask, _: &[&str]) -> Reply {
    Err(not_found())
}
