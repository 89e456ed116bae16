//! From names to addresses.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::IpAddr;

/// Finds the addresses of a host name. Whether the name may be looked up was decided before.
#[async_trait::async_trait]
pub trait Resolve: fmt::Debug + Send + Sync {
    /// Every address of the name, best first.
    ///
    /// # Errors
    ///
    /// Where the name has none, or nobody could be asked.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// Asks the operating system (`getaddrinfo`), so that `/etc/hosts` and the machine's own name servers count.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait::async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|socket| socket.ip()).collect())
    }
}

/// Knows only the names that it was given.
#[derive(Debug, Clone, Default)]
pub struct FixedResolver(HashMap<String, Vec<IpAddr>>);

impl FixedResolver {
    /// A table that knows no name.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a name with its addresses.
    #[must_use]
    pub fn with(mut self, name: &str, addresses: &[IpAddr]) -> Self {
        self.0.insert(name.to_owned(), addresses.to_vec());
        self
    }
}

#[async_trait::async_trait]
impl Resolve for FixedResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.0.get(name).cloned().ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, "no such name in the fixed table")
        })
    }
}
