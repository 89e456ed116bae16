//! Messages on their way, over the real egress, to a server on this machine.

mod desk;
mod queue;
mod rules;
mod services;
