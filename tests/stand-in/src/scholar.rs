//! Later.
use crate::answer::Answer;
use crate::ask::Ask;
use crate::world::World;
#[derive(Debug, Default)]
pub(crate) struct Scholar;
pub(crate) fn answer(_: &Ask, _: &mut World) -> Answer {
    Answer::empty(404)
}
