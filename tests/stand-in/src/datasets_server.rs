//! Later.
use crate::answer::Answer;
use crate::ask::Ask;
use crate::world::World;
pub(crate) fn answer(_: &Ask, _: &mut World) -> Answer {
    Answer::empty(404)
}
