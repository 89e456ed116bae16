//! What a worker takes from itself before any guest code runs, so that an escape from WebAssembly still meets a wall.
//!
//! | wall | takes away |
//! |---|---|
//! | `rlimits` | core files, more processes, more memory and files than the limits |
//! | `no-new-privileges` | gaining any by `exec` |
//! | `landlock` | files outside the mounted directories, all TCP, signals and sockets of other processes |
//! | `seccomp` | every system call that running a guest does not need, and new executable memory; the first one ends the process |

use policy::Limits;
use serde::{Deserialize, Serialize};

use super::frame::Directory;

/// One wall, and whether it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wall {
    /// Its name in the table above.
    pub name: String,
    /// Whether it stands.
    pub state: WallState,
}

/// Whether a wall stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WallState {
    /// All of it.
    Whole,
    /// The kernel knows an older form of it.
    Partly(String),
    /// It is missing.
    Missing(String),
}

impl std::fmt::Display for Wall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.state {
            WallState::Whole => f.write_str(&self.name),
            WallState::Partly(why) => write!(f, "{} (partly: {why})", self.name),
            WallState::Missing(why) => write!(f, "no {} ({why})", self.name),
        }
    }
}

/// What a worker's own code and data may take beside its guest's memory, in bytes.
const OWN_MEMORY: u64 = 512 << 20;
/// Descriptors beside the guest's own.
const OWN_FILES: u64 = 64;

/// What happens at a system call that is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forbidden {
    /// The process ends.
    Kill,
    /// The call fails with `EPERM`: for the probe, which tries one after the other.
    Fail,
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use super::*;

    /// Nothing to prepare.
    #[derive(Debug)]
    pub(in super::super) struct Filter;

    pub(in super::super) fn filter(_: Forbidden) -> Result<Filter, String> {
        Ok(Filter)
    }

    pub(in super::super) fn enforce(
        _: &[Directory],
        _: &Limits,
        _: &Result<Filter, String>,
    ) -> Vec<Wall> {
        ["rlimits", "no-new-privileges", "landlock", "seccomp"]
            .map(|name| Wall {
                name: name.to_owned(),
                state: WallState::Missing("only Linux has it here".to_owned()),
            })
            .to_vec()
    }
}

#[cfg(target_os = "linux")]
mod platform {
    use std::collections::BTreeMap;

    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, BitFlags, PathBeneath, PathFd, Ruleset,
        RulesetAttr as _, RulesetCreatedAttr as _, RulesetStatus, Scope,
    };
    use rustix::process::{Resource, Rlimit, setrlimit};
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, TargetArch,
    };

    use super::*;

    /// The system calls that are allowed, compiled.
    pub(in super::super) type Filter = BpfProgram;

    /// Puts every wall up, and says which stand. What cannot be put up does not stop the others.
    pub(in super::super) fn enforce(
        directories: &[Directory],
        limits: &Limits,
        filter: &Result<Filter, String>,
    ) -> Vec<Wall> {
        let mut walls = Vec::new();
        let mut put = |name: &str, result: Result<WallState, String>| {
            walls.push(Wall {
                name: name.to_owned(),
                state: result.unwrap_or_else(WallState::Missing),
            });
        };
        put("rlimits", rlimits(limits));
        put(
            "no-new-privileges",
            rustix::thread::set_no_new_privs(true)
                .map(|()| WallState::Whole)
                .map_err(|error| error.to_string()),
        );
        put("landlock", landlock(directories));
        put(
            "seccomp",
            match filter {
                Ok(filter) => seccompiler::apply_filter(filter)
                    .map(|()| WallState::Whole)
                    .map_err(|error| error.to_string()),
                Err(error) => Err(error.clone()),
            },
        );
        walls
    }

    fn rlimits(limits: &Limits) -> Result<WallState, String> {
        let rows = [
            (Resource::Core, 0),
            (Resource::Nproc, 0),
            (Resource::Memlock, 0),
            (Resource::Msgqueue, 0),
            (
                Resource::Nofile,
                limits.open_files.saturating_add(OWN_FILES),
            ),
            (Resource::Data, limits.memory.saturating_add(OWN_MEMORY)),
            // The guest's own budget ends it first.
            (Resource::Fsize, limits.disk.saturating_add(1 << 20)),
        ];
        for (resource, most) in rows {
            let current = rustix::process::getrlimit(resource).maximum;
            let most = Some(current.map_or(most, |current| current.min(most)));
            let limit = Rlimit {
                current: most,
                maximum: most,
            };
            setrlimit(resource, limit).map_err(|error| format!("{resource:?}: {error}"))?;
        }
        Ok(WallState::Whole)
    }

    fn landlock(directories: &[Directory]) -> Result<WallState, String> {
        let abi = ABI::V6;
        let read = AccessFs::ReadFile | AccessFs::ReadDir;
        let special = AccessFs::Execute
            | AccessFs::MakeChar
            | AccessFs::MakeBlock
            | AccessFs::MakeSock
            | AccessFs::MakeFifo
            | AccessFs::IoctlDev;
        let write: BitFlags<AccessFs> = AccessFs::from_all(abi) & !special;
        let status = (|| {
            let mut rules = Ruleset::default()
                .handle_access(AccessFs::from_all(abi))?
                .handle_access(AccessNet::from_all(abi))?
                .scope(Scope::from_all(abi))?
                .create()?;
            for directory in directories {
                let access = if directory.writable { write } else { read };
                rules = rules.add_rule(PathBeneath::new(PathFd::new(&directory.host)?, access))?;
            }
            Ok::<_, Box<dyn std::error::Error>>(rules.restrict_self()?.ruleset)
        })()
        .map_err(|error| error.to_string())?;
        match status {
            RulesetStatus::FullyEnforced => Ok(WallState::Whole),
            RulesetStatus::PartiallyEnforced => Ok(WallState::Partly(
                "this kernel knows an older form".to_owned(),
            )),
            RulesetStatus::NotEnforced => Err("this kernel does not have it".to_owned()),
        }
    }

    /// What running a guest needs. No socket, no process, no `exec`, and no new executable memory.
    const ALLOWED: &[libc::c_long] = &[
        libc::SYS_read,
        libc::SYS_write,
        libc::SYS_readv,
        libc::SYS_writev,
        libc::SYS_pread64,
        libc::SYS_pwrite64,
        libc::SYS_preadv,
        libc::SYS_pwritev,
        // How a file is appended to.
        libc::SYS_pwritev2,
        libc::SYS_close,
        libc::SYS_fstat,
        libc::SYS_newfstatat,
        libc::SYS_statx,
        libc::SYS_lseek,
        libc::SYS_munmap,
        libc::SYS_madvise,
        libc::SYS_mremap,
        libc::SYS_brk,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_futex,
        libc::SYS_clock_gettime,
        libc::SYS_clock_getres,
        libc::SYS_clock_nanosleep,
        libc::SYS_nanosleep,
        libc::SYS_getrandom,
        libc::SYS_openat,
        libc::SYS_openat2,
        libc::SYS_unlinkat,
        libc::SYS_mkdirat,
        libc::SYS_renameat2,
        libc::SYS_linkat,
        libc::SYS_symlinkat,
        libc::SYS_readlinkat,
        libc::SYS_getdents64,
        libc::SYS_ftruncate,
        libc::SYS_fallocate,
        libc::SYS_fsync,
        libc::SYS_fdatasync,
        libc::SYS_utimensat,
        libc::SYS_ppoll,
        libc::SYS_epoll_pwait,
        libc::SYS_sendto,
        libc::SYS_recvfrom,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_gettid,
        libc::SYS_getpid,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_dup,
        libc::SYS_fcntl,
        libc::SYS_fadvise64,
        libc::SYS_faccessat2,
        libc::SYS_fchmodat,
        libc::SYS_fchmod,
        libc::SYS_fstatfs,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_poll,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_epoll_wait,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_renameat,
    ];

    /// Allowed where the protection that is asked for does not include execution: (system call, which argument).
    const WITHOUT_EXECUTION: [(libc::c_long, u8); 2] =
        [(libc::SYS_mmap, 2), (libc::SYS_mprotect, 2)];

    pub(in super::super) fn filter(forbidden: Forbidden) -> Result<Filter, String> {
        let text = |error: seccompiler::BackendError| error.to_string();
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
            ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
        for (call, argument) in WITHOUT_EXECUTION {
            let condition = SeccompCondition::new(
                argument,
                SeccompCmpArgLen::Dword,
                SeccompCmpOp::MaskedEq(u64::from(libc::PROT_EXEC.cast_unsigned())),
                0,
            )
            .map_err(text)?;
            rules.insert(call, vec![SeccompRule::new(vec![condition]).map_err(text)?]);
        }
        let other = match forbidden {
            Forbidden::Kill => SeccompAction::KillProcess,
            Forbidden::Fail => SeccompAction::Errno(libc::EPERM.cast_unsigned()),
        };
        let architecture = TargetArch::try_from(std::env::consts::ARCH).map_err(text)?;
        SeccompFilter::new(rules, other, SeccompAction::Allow, architecture)
            .and_then(TryInto::try_into)
            .map_err(text)
    }
}

pub(super) use platform::{Filter, enforce, filter};

/// Locks this process in as a worker is, without mounted directories, and tries each door from the inside, as native
/// code that had escaped from its guest would. One line for each: what was tried, and `shut` or `OPEN`.
#[must_use]
pub fn probe() -> Vec<String> {
    let parent = rustix::process::getppid();
    let listener = std::net::TcpListener::bind("127.0.0.1:0");
    let address = listener.as_ref().map(std::net::TcpListener::local_addr);
    let limits = Limits {
        memory: 1 << 30,
        fuel: 0,
        deadline: 0,
        output: 0,
        open_files: 16,
        host_calls: 0,
        disk: 1 << 20,
        network: 0,
        requests: 0,
    };
    let walls = enforce(&[], &limits, &filter(Forbidden::Fail));
    let mut lines: Vec<String> = walls.iter().map(|wall| format!("wall: {wall}")).collect();
    let mut tried = |what: &str, open: bool| {
        lines.push(format!("{what}: {}", if open { "OPEN" } else { "shut" }));
    };
    tried("read a file", std::fs::read("/etc/passwd").is_ok());
    tried(
        "make a file",
        std::fs::write(std::env::temp_dir().join("ml-intern-probe"), "x").is_ok(),
    );
    tried("list a directory", std::fs::read_dir("/").is_ok());
    if let Some(parent) = parent {
        let memory = format!("/proc/{}/mem", parent.as_raw_nonzero());
        tried(
            "open the parent's memory",
            std::fs::File::open(memory).is_ok(),
        );
        tried(
            "signal the parent",
            rustix::process::test_kill_process(parent).is_ok(),
        );
    }
    tried(
        "make a unix socket",
        std::os::unix::net::UnixStream::pair().is_ok(),
    );
    tried("listen", std::net::TcpListener::bind("127.0.0.1:0").is_ok());
    if let Ok(Ok(address)) = address {
        tried("connect", std::net::TcpStream::connect(address).is_ok());
    }
    tried(
        "start a program",
        std::process::Command::new("/bin/true").spawn().is_ok(),
    );
    tried(
        "start a thread",
        std::thread::Builder::new().spawn(|| ()).is_ok(),
    );
    tried("map executable memory", executable_memory());
    lines
}

#[expect(unsafe_code, reason = "asking for executable memory has no safe form")]
fn executable_memory() -> bool {
    // SAFETY: a fresh anonymous mapping, which nobody uses.
    let place = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            4096,
            libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    place != libc::MAP_FAILED
}
