//! GitHub.
use crate::answer::Answer;
use crate::ask::Ask;
use crate::world::World;
#[derive(Debug)]
pub(crate) struct Github;
impl Github {
    pub(crate) fn new() -> Self {
        Self
    }
}
pub(crate) fn answer(_: &Ask, _: &mut World) -> Answer {
    Answer::empty(404)
}
pub(crate) fn raw(_: &Ask, _: &mut World) -> Answer {
    Answer::empty(404)
}
