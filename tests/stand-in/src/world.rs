//! Everything that the services remember.

use crate::clock::Clock;
use crate::fault::Faults;
use crate::github::Github;
use crate::hub::Hub;
use crate::scholar::Scholar;
use crate::slack::Slack;
use crate::view::Asked;

/// The state of all services.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) asked: Vec<Asked>,
    pub(crate) faults: Faults,
    pub(crate) public_links: bool,
    pub(crate) clock: Clock,
    pub(crate) hub: Hub,
    pub(crate) github: Github,
    pub(crate) scholar: Scholar,
    pub(crate) slack: Slack,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            asked: Vec::new(),
            faults: Faults::default(),
            public_links: false,
            clock: Clock::new(),
            hub: Hub::new(),
            github: Github::new(),
            scholar: Scholar::default(),
            slack: Slack::default(),
        }
    }
}
