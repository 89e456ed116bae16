//! Gradio.
use crate::answer::Answer;
use crate::ask::Ask;
use crate::world::World;
pub(crate) fn answer(_: &Ask, _: &mut World) -> Answer {
    Answer::empty(404)
}
pub(crate) fn redirect(_: &Ask, _: &mut World) -> Answer {
    Answer::empty(404)
}
pub(crate) fn search(_: &Ask, _: &mut World) -> Answer {
    Answer::empty(404)
}
