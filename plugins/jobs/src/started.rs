//! What this session has started, as the session's store has it: enough to find a job again, and to know its price.

use ml_intern_sdk::Failure;
use ml_intern_sdk::prelude::*;

use crate::hardware::Micros;
use crate::world::World;

/// Jobs that are remembered; the oldest go first.
const MOST: usize = 200;

/// A job that this session has started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Started {
    pub(crate) id: String,
    /// An organisation's job is found under its name only.
    pub(crate) namespace: String,
    pub(crate) flavor: String,
    /// For an hour.
    pub(crate) price: Option<Micros>,
}

/// Notes a job.
///
/// # Errors
/// What the store refused.
pub(crate) fn note(world: &dyn World, job: Started) -> Result<(), Failure> {
    let mut jobs = world.started()?;
    jobs.retain(|known| known.id != job.id);
    jobs.push(job);
    let surplus = jobs.len().saturating_sub(MOST);
    jobs.drain(..surplus);
    world.set_started(&jobs)
}

/// The job of this id, if this session has started it.
pub(crate) fn find(world: &dyn World, id: &str) -> Option<Started> {
    // A store that cannot be read only means that nothing is known.
    let jobs = world.started().ok()?;
    jobs.into_iter().find(|job| job.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;

    #[test]
    fn the_latest_are_remembered() {
        let world = Fake::new();
        let job = |id: usize, namespace: &str| Started {
            id: id.to_string(),
            namespace: namespace.into(),
            flavor: "cpu-basic".into(),
            price: None,
        };
        for id in 0..=MOST {
            note(&world, job(id, "me")).unwrap();
        }
        note(&world, job(MOST, "org")).unwrap();
        assert_eq!(find(&world, "0"), None);
        assert_eq!(find(&world, "1"), Some(job(1, "me")));
        assert_eq!(find(&world, "200"), Some(job(MOST, "org")));
        assert_eq!(world.started().unwrap().len(), MOST);
    }
}
