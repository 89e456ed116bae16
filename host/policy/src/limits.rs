//! Bounds of one call, and the one error type for reaching any of them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Bounds of one call. None is implicit: every field is always set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Limits {
    /// Linear memory, in bytes, of all of a guest's memories together.
    pub memory: u64,
    /// Fuel: about one unit for each WebAssembly instruction. Programs are bounded by the deadline instead.
    pub fuel: u64,
    /// Wall clock, in milliseconds.
    pub deadline: u64,
    /// The result, logs and streams together, in bytes.
    pub output: u64,
    /// Files and directories open at one time.
    pub open_files: u64,
    /// Calls of the contract's own interfaces, and requests.
    pub host_calls: u64,
    /// Bytes written to files in one call.
    pub disk: u64,
    /// Bytes sent and received over the network in one call.
    pub network: u64,
    /// Requests sent over the network in one call.
    pub requests: u64,
}

impl Limits {
    /// The lower of each: associative, commutative, idempotent, and it only narrows.
    #[must_use]
    pub fn intersect(&self, other: &Limits) -> Limits {
        // Named one by one, so that a new field cannot be forgotten here.
        let Limits {
            memory,
            fuel,
            deadline,
            output,
            open_files,
            host_calls,
            disk,
            network,
            requests,
        } = *other;
        Limits {
            memory: self.memory.min(memory),
            fuel: self.fuel.min(fuel),
            deadline: self.deadline.min(deadline),
            output: self.output.min(output),
            open_files: self.open_files.min(open_files),
            host_calls: self.host_calls.min(host_calls),
            disk: self.disk.min(disk),
            network: self.network.min(network),
            requests: self.requests.min(requests),
        }
    }
}

/// Which limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitName {
    /// Linear memory, bytes.
    Memory,
    /// Elements of WebAssembly tables.
    TableElements,
    /// Fuel units.
    Fuel,
    /// Wall clock, milliseconds.
    Deadline,
    /// Output bytes.
    Output,
    /// Open files and directories.
    OpenFiles,
    /// Calls of the host.
    HostCalls,
    /// Bytes written to files.
    Disk,
    /// Bytes over the network.
    Network,
    /// Requests over the network.
    Requests,
    /// Depth of the guest's call stack, bytes.
    Stack,
    /// Length of a file name or path, bytes.
    PathLength,
    /// Bytes held by the host on behalf of the guest.
    HostMemory,
    /// A key or value of the session's store, bytes.
    State,
    /// Size of a component file, bytes.
    ComponentSize,
    /// Size of a workspace that is staged, bytes.
    WorkspaceSize,
    /// Turns of the agent loop.
    Iterations,
    /// US dollars, in millionths.
    Cost,
    /// Tokens of a model, in and out together.
    Tokens,
    /// Tool calls of a session.
    Calls,
}

impl LimitName {
    /// The word used in messages and journals.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            LimitName::Memory => "memory",
            LimitName::TableElements => "table-elements",
            LimitName::Fuel => "fuel",
            LimitName::Deadline => "deadline",
            LimitName::Output => "output",
            LimitName::OpenFiles => "open-files",
            LimitName::HostCalls => "host-calls",
            LimitName::Disk => "disk",
            LimitName::Network => "network",
            LimitName::Requests => "requests",
            LimitName::Stack => "stack",
            LimitName::PathLength => "path-length",
            LimitName::HostMemory => "host-memory",
            LimitName::State => "state",
            LimitName::ComponentSize => "component-size",
            LimitName::WorkspaceSize => "workspace-size",
            LimitName::Iterations => "iterations",
            LimitName::Cost => "cost",
            LimitName::Tokens => "tokens",
            LimitName::Calls => "calls",
        }
    }

    /// What its numbers count.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            LimitName::Memory
            | LimitName::Output
            | LimitName::Disk
            | LimitName::Network
            | LimitName::Stack
            | LimitName::PathLength
            | LimitName::HostMemory
            | LimitName::State
            | LimitName::ComponentSize
            | LimitName::WorkspaceSize => "bytes",
            LimitName::Deadline => "ms",
            LimitName::Fuel => "units",
            LimitName::TableElements => "elements",
            LimitName::OpenFiles => "files",
            LimitName::HostCalls | LimitName::Calls => "calls",
            LimitName::Tokens => "tokens",
            LimitName::Requests => "requests",
            LimitName::Iterations => "turns",
            LimitName::Cost => "millionths of a US dollar",
        }
    }
}

impl fmt::Display for LimitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A limit was reached. Every limit in the host reports itself with this type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("limit reached: {limit} (allowed {allowed} {unit}, requested {requested})", unit = limit.unit())]
pub struct LimitExceeded {
    /// Which one.
    pub limit: LimitName,
    /// How much was allowed, in the limit's unit.
    pub allowed: u64,
    /// How much would have been needed, as far as known; at least one more than allowed.
    pub requested: u64,
}
