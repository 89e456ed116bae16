//! How hard a model is asked to think.
//!
//! | wanted | tried, until one is accepted |
//! | --- | --- |
//! | `max` | max, xhigh, high, medium, low |
//! | `xhigh` | xhigh, high, medium, low |
//! | `high` | high, medium, low |
//! | `medium` | medium, low |
//! | `low` | low |
//! | `minimal` | minimal, low |

use agent::Effort;

/// The levels to try for a wanted one, in order.
pub(crate) fn cascade(wanted: Effort) -> &'static [Effort] {
    use Effort::{High, Low, Max, Medium, Minimal, Xhigh};
    match wanted {
        Max => &[Max, Xhigh, High, Medium, Low],
        Xhigh => &[Xhigh, High, Medium, Low],
        High => &[High, Medium, Low],
        Medium => &[Medium, Low],
        Low => &[Low],
        Minimal => &[Minimal, Low],
    }
}

/// The level to try after one that was refused.
pub(crate) fn next(wanted: Effort, refused: Effort) -> Option<Effort> {
    let mut levels = cascade(wanted).iter().copied();
    levels.find(|level| *level == refused)?;
    levels.next()
}

/// The first level for a wanted one that is among those a model takes.
pub(crate) fn among(wanted: Effort, takes: &[Effort]) -> Option<Effort> {
    let mut levels = cascade(wanted).iter().copied();
    levels.find(|level| takes.contains(level))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Effort::{High, Low, Max, Medium, Minimal, Xhigh};

    #[test]
    fn levels() {
        let table = [
            (Max, Max, Some(Xhigh)),
            (Max, High, Some(Medium)),
            (Xhigh, Low, None),
            (Minimal, Minimal, Some(Low)),
            (Minimal, Low, None),
            (Low, Low, None),
            (Low, High, None),
        ];
        for (wanted, refused, then) in table {
            assert_eq!(next(wanted, refused), then, "{wanted} {refused}");
        }
        assert_eq!(among(Max, &[Low, Medium, High]), Some(High));
        assert_eq!(among(Minimal, &[Low, Medium, High]), Some(Low));
        assert_eq!(among(Low, &[High]), None);
        for wanted in Effort::ALL {
            assert_eq!(cascade(wanted).first(), Some(&wanted));
        }
    }
}
