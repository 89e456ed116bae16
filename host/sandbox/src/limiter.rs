//! Linear memory and tables of one guest, held to its limit.

use policy::{LimitExceeded, LimitName};
use wasmtime::ResourceLimiter;

/// Table elements that all of a guest's tables may have together.
pub(crate) const TABLE_ELEMENTS: u64 = 200_000;

/// Counts what a guest has and refuses what is over.
#[derive(Debug)]
pub(crate) struct Limiter {
    allowed: u64,
    used: u64,
    peak: u64,
    elements: u64,
    exceeded: Option<LimitExceeded>,
}

impl Limiter {
    pub(crate) fn new(memory: u64) -> Limiter {
        Limiter {
            allowed: memory,
            used: 0,
            peak: 0,
            elements: 0,
            exceeded: None,
        }
    }

    /// The most memory the guest had, in bytes.
    pub(crate) fn peak(&self) -> u64 {
        self.peak
    }

    /// Forgets a refusal: the guest lives on.
    pub(crate) fn renew(&mut self) {
        self.exceeded = None;
        self.peak = self.used;
    }

    /// The refusal, if there was one. A guest may live on after one, as Python does with a `MemoryError`.
    pub(crate) fn exceeded(&self) -> Option<&LimitExceeded> {
        self.exceeded.as_ref()
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current) as u64;
        let wanted = self.used.saturating_add(more);
        if wanted > self.allowed {
            self.exceeded = Some(LimitExceeded {
                limit: LimitName::Memory,
                allowed: self.allowed,
                requested: wanted,
            });
            return Ok(false);
        }
        self.used = wanted;
        self.peak = self.peak.max(wanted);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let wanted = self
            .elements
            .saturating_add(desired.saturating_sub(current) as u64);
        if wanted > TABLE_ELEMENTS {
            self.exceeded = Some(LimitExceeded {
                limit: LimitName::TableElements,
                allowed: TABLE_ELEMENTS,
                requested: wanted,
            });
            return Ok(false);
        }
        self.elements = wanted;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_all_memories_together() {
        let mut limiter = Limiter::new(100);
        // (current, desired) -> granted
        let rows = [
            ((0, 60), true),
            ((0, 40), true),
            ((60, 61), false),
            ((60, 60), true),
        ];
        for ((current, desired), granted) in rows {
            assert_eq!(
                limiter.memory_growing(current, desired, None).unwrap(),
                granted,
                "{current} -> {desired}"
            );
        }
        assert_eq!(limiter.peak(), 100);
        assert_eq!(
            limiter.exceeded().unwrap().to_string(),
            "limit reached: memory (allowed 100 bytes, requested 101)"
        );
    }

    #[test]
    fn tables_have_a_limit_of_their_own() {
        let mut limiter = Limiter::new(0);
        assert!(
            limiter
                .table_growing(0, TABLE_ELEMENTS as usize, None)
                .unwrap()
        );
        assert!(limiter.exceeded().is_none());
        assert!(!limiter.table_growing(0, 1, None).unwrap());
        assert_eq!(
            limiter.exceeded().unwrap().to_string(),
            "limit reached: table-elements (allowed 200000 elements, requested 200001)"
        );
    }
}
