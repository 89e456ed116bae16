//! The door of a program image: how the driver tells the exit code.

use crate::bindings::program::host::Host;
use crate::state::GuestState;

impl Host for GuestState {
    fn call(
        &mut self,
        _request: i32,
        request_length: i32,
        _response: i32,
        _response_capacity: i32,
    ) -> wasmtime::Result<i32> {
        self.count()?;
        if (256..512).contains(&request_length) {
            self.exit = Some(request_length - 256);
        }
        Ok(-1)
    }
}
