//! The stand-in on its own: its endpoints as JSON on the first line, then it serves until its input ends.
#![expect(clippy::print_stdout, reason = "the endpoints are its output")]

use std::io::{self, Read as _, Write as _};

use ml_intern_stand_in::StandIn;

fn main() -> io::Result<()> {
    let server = StandIn::start();
    let endpoints: serde_json::Map<String, serde_json::Value> = server
        .endpoints()
        .into_iter()
        .map(|(public, here)| (public, here.into()))
        .collect();
    println!("{}", serde_json::Value::Object(endpoints));
    io::stdout().flush()?;
    let mut rest = Vec::new();
    io::stdin().read_to_end(&mut rest)?;
    Ok(())
}
