//! Work on many files at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// More do not help: a disk is not that parallel.
const MOST_THREADS: usize = 8;

/// Fewer items are not worth a thread.
const ITEMS_PER_THREAD: usize = 16;

/// Does something with each, and gives the results in their order; or the error of the first that fails, by its place. What
/// comes after a failure may not have been looked at.
pub(crate) fn map<T: Sync, R: Send, E: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let threads = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(MOST_THREADS)
        .min(items.len() / ITEMS_PER_THREAD);
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(place) else {
                return Ok(done);
            };
            match work(item) {
                Ok(result) => done.push((place, result)),
                Err(error) => {
                    // Nobody needs to begin another.
                    next.fetch_max(items.len(), Ordering::Relaxed);
                    return Err((place, error));
                }
            }
        }
    };
    let results: Vec<_> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(take)).collect();
        let own = take();
        let others = others.into_iter().map(|thread| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        std::iter::once(own).chain(others).collect()
    });
    let mut all = Vec::with_capacity(items.len());
    let mut first: Option<(usize, E)> = None;
    for result in results {
        match result {
            Ok(done) => all.extend(done),
            Err(error) if first.as_ref().is_none_or(|(place, _)| error.0 < *place) => {
                first = Some(error);
            }
            Err(_) => {}
        }
    }
    if let Some((_, error)) = first {
        return Err(error);
    }
    all.sort_unstable_by_key(|(place, _)| *place);
    Ok(all.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order_and_the_first_error_wins() {
        for count in [0, 1, 15, 16, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let doubled = map(&items, |n| Ok::<_, ()>(n * 2)).unwrap();
            assert!(doubled.into_iter().eq((0..count).map(|n| n * 2)));
        }
        let items: Vec<usize> = (0..1000).collect();
        assert_eq!(
            map(&items, |n| if *n >= 500 { Err(*n) } else { Ok(()) }).unwrap_err(),
            500
        );
    }
}
