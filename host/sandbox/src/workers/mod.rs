//! Programs run in processes of their own: a second wall, and a deadline that is a kill.
//!
//! | file | holds |
//! |---|---|
//! | `frame` | what goes over the socket between host and worker |
//! | `wall` | what a worker takes from itself before any guest code |
//! | `interrupt` | stopping what a worker's interpreter runs, without ending it |
//! | `pages` | the memory that a run touches, made present before it is touched |
//! | `serve` | a worker: instantiates the image, runs command lines |
//! | `zygote` | the process that has the image mapped and forks workers |
//! | `spawn` | the host's side of both: starts them, stops them, learns how they ended |
//! | `lease` | the host's side of one worker: commands, output, requests at its door |
//! | `pool` | idle workers, and interpreters that stay |
//!
//! A worker is compiled without interruption checks, which cost dense linear algebra a factor of 2.5. So nothing inside
//! it ends it: the host kills it. The zygote is an `exec` of the host's own binary with one thread, since only such a
//! process can be forked safely; the host itself never is.

mod frame;
mod interrupt;
mod lease;
mod pages;
mod pool;
mod serve;
mod spawn;
mod wall;
mod zygote;

pub(crate) use frame::{Directory, Ended, Finish, Run, Setup};
pub(crate) use lease::{Lease, Message, Talk};
pub(crate) use pool::{INTERRUPTED, Key, Pool};
pub(crate) use spawn::Spawner;
pub use spawn::{Worker, Workers};
pub use wall::{Wall, WallState, probe};
pub use zygote::main;
